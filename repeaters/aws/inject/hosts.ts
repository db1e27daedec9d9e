// Which hosts a real credential may be sent to. A suffix check on amazonaws.com would be wrong: anybody can own a
// name below execute-api, elb, compute-1 or s3-website. A host has to be one that the endpoint rules of the CLI know
// for the signing name, in the region of the signature.

import { TurretError } from '../../../src/errors.js';
import type { AwsTables } from '../tables/types.js';
import type { Scope } from './signature.js';

export type WireTables = Pick<AwsTables, 'routes' | 'signedAs' | 'hosts'>;

/** Hosts the endpoint rules do not have and the CLIs still use (CLI v1 overridesslcommonname.py, legacy global names). */
const LEGACY: Record<string, readonly string[]> = {
  s3: ['s3.amazonaws.com'],
  sts: ['sts.amazonaws.com'],
  rds: ['rds.amazonaws.com'],
  sqs: ['queue.amazonaws.com', '{r}.queue.amazonaws.com'],
  elasticmapreduce: ['{r}.elasticmapreduce.amazonaws.com'],
  health: ['global.health.amazonaws.com'],
};

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
/** A region as a whole label or label part inside a host that has it written out. */
const WRITTEN_REGION = /(?:^|[.-])((?:us|eu|ap|sa|ca|me|af|il|mx|cn)-(?:[a-z]+-){1,2}\d)(?=\.)/;
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';

/** A lower-case DNS name of two labels or more: no address, no port, no trailing dot, nothing to interpret. */
export function isHostName(host: string): boolean {
  return HOST.test(host) && !/^[\d.]+$/.test(host);
}

export interface Address {
  /** The known host, without what an operation put in front. */
  base: string;
  /** What an operation put in front, as models write it: `data-`, `{AccountId}.`. Several can read the same; `` is none. */
  prefixes: string[];
  /** The host belongs to no region: the signature's region need not be the call's. */
  global: boolean;
}

/**
 * The templates of a signing name, written out for the region of the signature.
 * @throws TurretError `denied` when a signing name is not known
 */
export function basesFor(
  scope: Pick<Scope, 'service' | 'region'>,
  tables: WireTables,
): { base: string; global: boolean }[] {
  // A dot in the region would put labels of somebody's choice into the host.
  if (!/^[a-z0-9-]+$/.test(scope.region)) return [];
  const table = tables.hosts();
  const known = Object.hasOwn(table, scope.service) ? (table[scope.service] ?? []) : [];
  const legacy = Object.hasOwn(LEGACY, scope.service) ? (LEGACY[scope.service] ?? []) : [];
  return [...known, ...legacy]
    .map((template) => ({
      base: template.replaceAll('{r}', scope.region),
      global: !template.includes('{r}'),
    }))
    .filter(({ base, global }) => isHostName(base) && (!global || scope.region === homeRegion(base)));
}

/** The region that signs for a host without a region in its template. */
function homeRegion(host: string): string {
  const written = WRITTEN_REGION.exec(host)?.[1];
  if (written !== undefined) return written;
  if (host.includes('us-gov')) return 'us-gov-west-1';
  return host.endsWith('.cn') ? 'cn-north-1' : 'us-east-1';
}

/**
 * The known host behind the name in the request.
 * @throws TurretError `denied` when the host is not one of the signing name and region
 */
export function addressOf(
  host: string,
  scope: Pick<Scope, 'service' | 'region'>,
  tables: WireTables,
): Address {
  const bases = basesFor(scope, tables);
  const exact = bases.find(({ base }) => base === host);
  if (exact) return { ...exact, prefixes: [''] };
  const prefixes = new Set(
    tables
      .signedAs(scope.service)
      .flatMap((model) => (tables.routes(model)?.hp ?? []).map(([, prefix]) => prefix)),
  );
  for (const { base, global } of bases) {
    if (!host.endsWith(base)) continue;
    const front = host.slice(0, -base.length);
    const fitting = [...prefixes].filter((prefix) => prefixPattern(prefix).test(front));
    if (fitting.length > 0) return { base, prefixes: fitting, global };
  }
  throw new TurretError('denied', `${host} is not a host of ${scope.service} in ${scope.region}`);
}

function prefixPattern(prefix: string): RegExp {
  const parts = prefix
    .split(/\{[^}]*\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(LABEL)}$`);
}
