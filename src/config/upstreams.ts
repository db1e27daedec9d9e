// Upstreams completed by their presets, and which repeater serves what the gateway offers.

import { nearest } from './nearest.js';
import type { GatewayRoute } from '../protocol/agent-directory.js';
import type { RepeaterConfig, UpstreamConfig } from './config.js';
import { UPSTREAM_PRESETS } from './upstream-presets.js';

/** As turret.yaml has it. */
export interface UpstreamBlock extends Omit<Partial<UpstreamConfig>, 'origin'> {
  host?: string;
  endpoint?: string;
}
export interface UnknownAlias {
  unknown: string;
  hint: string;
}

/** @param blocks checked by shape-upstreams.ts: what has no preset has a host or an endpoint */
export function completeUpstreams(blocks: Record<string, UpstreamBlock>): Record<string, UpstreamConfig> {
  return Object.fromEntries(Object.entries(blocks).map(([alias, block]) => [alias, complete(alias, block)]));
}

function complete(alias: string, { host, endpoint, ...block }: UpstreamBlock): UpstreamConfig {
  const preset = Object.hasOwn(UPSTREAM_PRESETS, alias) ? UPSTREAM_PRESETS[alias] : undefined;
  const { api = preset?.api, auth = preset?.auth ?? 'bearer', ...rest } = block;
  const secret = auth === 'none' ? undefined : (block.secret ?? preset?.secret);
  return {
    ...rest,
    origin: new URL(endpoint ?? `https://${host ?? preset?.host ?? ''}`).origin,
    base: block.base ?? preset?.base ?? '',
    auth,
    ...(secret === undefined ? {} : { secret }),
    ...(api === undefined ? {} : { api }),
  };
}

/**
 * The gateway's aliases, each with the action it stands for, and all repeaters: what only a preset knows is served by a
 * repeater called `http`, which is made where there is none.
 */
export function routesOf(
  aliases: readonly string[],
  configured: Record<string, RepeaterConfig>,
): { routes: GatewayRoute[]; repeaters: Record<string, RepeaterConfig> } | UnknownAlias {
  const repeaters = { ...configured };
  const routes: GatewayRoute[] = [];
  for (const alias of new Set(aliases)) {
    let [owner, ...others] = Object.values(repeaters).filter(
      ({ kind, upstreams }) => kind === 'http' && upstreams !== undefined && Object.hasOwn(upstreams, alias),
    );
    if (others.length > 0)
      return {
        unknown: `several repeaters have an upstream "${alias}"`,
        hint: 'give them different aliases',
      };
    owner ??= withPreset(alias, repeaters);
    if (owner === undefined) {
      const known = Object.values(repeaters).flatMap(({ upstreams = {} }) => Object.keys(upstreams));
      const near = nearest(alias, [...known, ...Object.keys(UPSTREAM_PRESETS)]);
      return {
        unknown: `there is no upstream "${alias}"`,
        hint: near === undefined ? 'name it under upstreams: of an http repeater' : `did you mean "${near}"?`,
      };
    }
    const api = owner.upstreams?.[alias]?.api;
    routes.push({ alias, action: `${owner.name}.${alias}`, ...(api === undefined ? {} : { api }) });
  }
  return { routes, repeaters };
}

/** A model API that nobody could say the cost of; budgets in dollars would never be used up. */
export function unpriced(repeaters: Record<string, RepeaterConfig>): UnknownAlias | undefined {
  for (const { upstreams = {} } of Object.values(repeaters)) {
    for (const [alias, { api, prices }] of Object.entries(upstreams)) {
      if (api !== undefined && prices === undefined)
        return {
          unknown: `there is a budget in usd, and no prices for the upstream "${alias}"`,
          hint: 'write prices: under it',
        };
    }
  }
  return undefined;
}

function withPreset(alias: string, repeaters: Record<string, RepeaterConfig>): RepeaterConfig | undefined {
  const { http = { name: 'http', kind: 'http' } } = repeaters;
  if (!Object.hasOwn(UPSTREAM_PRESETS, alias) || http.kind !== 'http') return undefined;
  const upstreams = { ...http.upstreams, ...completeUpstreams({ [alias]: {} }) };
  return (repeaters['http'] = { ...http, upstreams });
}
