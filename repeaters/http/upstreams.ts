// The upstreams of one repeater, from its configuration, each with the secret that belongs to it and to no other. Where a
// request goes is written here and nowhere else: an agent names an alias.

import type { UpstreamConfig } from '../../src/config/config.js';
import { TurretError } from '../../src/errors.js';
import { HTTP_SILENCE_S_DEFAULT } from '../../src/protocol/limits.js';
import type { RepeaterSecrets } from '../sdk/types.js';
import { sentHeaders } from './headers.js';

export interface Upstream extends Omit<UpstreamConfig, 'headers' | 'secret' | 'timeout'> {
  alias: string;
  host: string;
  headers: ReadonlySet<string>;
  silenceMs: number;
  /** Adds the secret. Throws TurretError no_credentials. */
  authorize(request: { path: string; headers: Record<string, string> }): void;
  /** The name of the query param that is the secret's. */
  secretParam: string | undefined;
}

/** @param given the repeater's block and, by reference, the values of the secrets it names */
export function readUpstreams({
  config,
  env,
}: Pick<RepeaterSecrets, 'config' | 'env'>): Map<string, Upstream> {
  // Checked by whoever read turret.yaml.
  const blocks = (config['upstreams'] ?? {}) as unknown as Record<string, UpstreamConfig>;
  const redacts = config['redact'] !== 'off';
  return new Map(
    Object.entries(blocks).map(
      ([alias, block]) => [alias, upstreamOf(alias, block, { env, redacts })] as const,
    ),
  );
}

function upstreamOf(
  alias: string,
  block: UpstreamConfig,
  { env, redacts }: { env: Record<string, string>; redacts: boolean },
): Upstream {
  const [form = '', name = ''] = block.auth.split(':');
  const { secret: reference, timeout = HTTP_SILENCE_S_DEFAULT, ...rest } = block;
  return {
    ...rest,
    alias,
    host: new URL(block.origin).host,
    headers: sentHeaders(block.headers ?? [], {
      ofAuth: form === 'header' ? name.toLowerCase() : undefined,
      redacted: redacts && form !== 'none',
    }),
    silenceMs: timeout * 1_000,
    secretParam: form === 'query' ? name : undefined,
    authorize: (request) => {
      if (form === 'none') return;
      const secret = secretOf(alias, reference, env);
      if (form === 'query')
        request.path += `${request.path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(secret)}`;
      else if (form === 'header') request.headers[name.toLowerCase()] = secret;
      else if (form === 'basic')
        request.headers['authorization'] = `Basic ${Buffer.from(secret).toString('base64')}`;
      else request.headers['authorization'] = `Bearer ${secret}`;
    },
  };
}

function secretOf(alias: string, reference: string | undefined, env: Record<string, string>): string {
  const secret = reference === undefined ? undefined : env[reference];
  if (secret === undefined || secret === '')
    throw new TurretError('no_credentials', `there is no secret for the upstream "${alias}"`, {
      hints: [`turret.yaml says that it is in ${reference ?? '(nothing)'}; put it there and start again`],
    });
  // A line break would end the header it is written into.
  if (/^[\u0021-\u007e](?:[\u0020-\u007e]{0,8190}[\u0021-\u007e])?$/.test(secret)) return secret;
  throw new TurretError(
    'no_credentials',
    `what ${reference ?? ''} holds is no secret for the upstream "${alias}"`,
    {
      hints: ['it is to be one line of plain text'],
    },
  );
}
