// Which API operation is this request? The second gate: the argv grammar said what the CLI would do, and this says
// what it does. One request can fit several operations; then all of them have to be allowed.

import { TurretError } from '../../../src/errors.js';
import type { WireService } from '../tables/types.js';
import type { Address, WireTables } from './hosts.js';
import { routesOf, type Route } from './route-patterns.js';
import { queryPairs, single, type WireRequest } from './wire-request.js';

export interface WireOperation {
  /** Models that have this very request (rds, docdb and neptune share theirs). */
  services: string[];
  /** Names of this very request: S3 has old and new ones that nobody can tell apart. */
  operations: string[];
}

export interface Routed {
  request: WireRequest;
  /** Path as the table has it: S3 in path style. */
  path: string;
  address: Address;
  /** Models to look in. */
  models: string[];
  tables: WireTables;
  /** The body when it was held back. */
  body: Buffer | undefined;
}

/** `request` is equal for operations that are one request on the wire. */
type Match = { model: string; operation: string; request: string };

/** At the hosts of the S3 data plane this one does not exist: it belongs to S3 Express, which is refused. */
const NOT_AT_S3 = 'ListDirectoryBuckets';

/**
 * The operations a request can be.
 * @throws TurretError `denied` when it is none, or when it names more than one in more than one way
 */
export function wireOperations(routed: Routed): WireOperation[] {
  const services = routed.models
    .map((model): [string, WireService | undefined] => [model, routed.tables.routes(model)])
    .filter((entry): entry is [string, WireService] => entry[1] !== undefined);
  const found: (WireOperation & { request: string })[] = [];
  for (const { model, operation, request } of matches(routed, services)) {
    const prefix = routed.tables.routes(model)?.hp?.find(([name]) => name === operation)?.[1] ?? '';
    if (!routed.address.prefixes.includes(prefix) || (model === 's3' && operation === NOT_AT_S3)) continue;
    // One request on the wire, or one operation that two models of one service describe (greengrass and greengrassv2).
    const same = found.find((other) => other.request === request || other.operations.includes(operation));
    if (!same) {
      found.push({ request, services: [model], operations: [operation] });
      continue;
    }
    if (!same.services.includes(model)) same.services.push(model);
    if (!same.operations.includes(operation)) same.operations.push(operation);
  }
  if (found.length === 0) {
    throw new TurretError('denied', 'the request is no operation that this service is known to have');
  }
  return found.map(({ services, operations }) => ({ services, operations }));
}

function matches(routed: Routed, services: [string, WireService][]): Match[] {
  const { request } = routed;
  const target = single(request, 'x-amz-target');
  const actions = actionsIn(routed);
  if (target !== undefined) {
    if (actions.length > 0) throw new TurretError('denied', 'the request names an operation twice');
    return byName(services, (service) =>
      request.method === 'POST' && routed.path === '/' ? afterDot(target, service.t) : undefined,
    );
  }
  if (single(request, 'smithy-protocol') !== undefined) {
    const [, name, operation] = /^\/service\/([^/]+)\/operation\/([A-Za-z0-9]+)$/.exec(routed.path) ?? [];
    return byName(services, (service) => (service.t === name ? operation : undefined));
  }
  if (actions.length > 1) throw new TurretError('denied', 'the request names an operation twice');
  const named = services.filter(([, service]) => service.o !== undefined && service.r === undefined);
  if (actions.length === 1 && named.length > 0) return byName(named, () => actions[0]);
  return services.flatMap(([model, service]) =>
    best(routed, routesOf(service)).map(({ operation, request }): Match => ({ model, operation, request })),
  );
}

function byName(
  services: [string, WireService][],
  nameIn: (service: WireService) => string | undefined,
): Match[] {
  return services.flatMap(([model, service]): Match[] => {
    const operation = nameIn(service);
    return operation !== undefined && service.o?.includes(operation)
      ? [{ model, operation, request: operation }]
      : [];
  });
}

function afterDot(target: string, prefix: string | undefined): string | undefined {
  return prefix !== undefined && target.startsWith(`${prefix}.`)
    ? target.slice(prefix.length + 1)
    : undefined;
}

function actionsIn({ request, body }: Routed): string[] {
  const form = single(request, 'content-type')?.startsWith('application/x-www-form-urlencoded') ?? false;
  const inBody = form && body ? new URLSearchParams(body.toString('latin1')).getAll('Action') : [];
  return [
    ...inBody,
    ...queryPairs(request.query).flatMap(([name, value]) => (name === 'Action' ? [value] : [])),
  ];
}

/** The routes that fit best: more fixed words first, then more of the query and headers explained. */
function best({ request, path }: Routed, routes: Route[]): Route[] {
  const query = queryPairs(request.query);
  const has = (name: string, value?: string): boolean =>
    query.some(
      ([queryName, queryValue]) => queryName === name && (value === undefined || queryValue === value),
    );
  let score = -1;
  let fitting: Route[] = [];
  for (const route of routes) {
    if (route.method !== request.method || !route.path.test(path)) continue;
    if (!route.markers.every(([name, value]) => has(name, value))) continue;
    if (
      !route.queries.every((name) => has(name)) ||
      !route.headers.every((name) => request.headers.has(name))
    )
      continue;
    const points = route.words * 1_000 + route.markers.length + route.queries.length + route.headers.length;
    if (points > score) fitting = [];
    if (points >= score) fitting.push(route);
    score = Math.max(score, points);
  }
  return fitting;
}

/**
 * Models whose host this is. Several models sign with one name (lex has six), and the same path means different
 * things at their hosts; the endpoint prefix tells them apart where it is in the host.
 */
export function modelsAt(address: Address, signingName: string, tables: WireTables): string[] {
  const all = tables.signedAs(signingName);
  const here = all.filter((model) => {
    const prefix = tables.routes(model)?.ep;
    return (
      prefix !== undefined &&
      (address.base.startsWith(`${prefix}.`) || address.base.startsWith(`${prefix}-fips.`))
    );
  });
  return here.length > 0 ? here : all;
}
