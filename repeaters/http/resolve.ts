// A request by action and params to the one capability it is. What comes in is the agent's word; what goes out is what
// policy sees, what the log keeps and, later, all that perform.ts knows of the request.

import { nearestHint } from '../../src/config/nearest.js';
import { TurretError } from '../../src/errors.js';
import { costKind } from '../../src/llm/ask.js';
import { priceOf } from '../../src/llm/price.js';
import { HTTP_REQUEST_BYTES_MAX } from '../../src/protocol/limits.js';
import type {
  AgentCall,
  Annotations,
  Json,
  JsonObject,
  Params,
  ParamValue,
  ResolveResult,
} from '../../src/protocol/messages.js';
import { readHeaders } from './headers.js';
import { normalPath, normalQuery, paramName, queryNames } from './path.js';
import type { Upstream } from './upstreams.js';

export const METHODS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'] as const;
export type Method = (typeof METHODS)[number];
const SAFE: readonly string[] = ['get', 'head', 'options'];
export const WITH_BODY: readonly string[] = ['post', 'put', 'patch'];

const TEXT = { type: 'string' };
/** Params of every action, as registered. */
export const PARAMS: JsonObject = {
  type: 'object',
  properties: {
    host: { ...TEXT, description: 'Where it goes; known from the alias, not to be given.' },
    path: { ...TEXT, description: 'Below the base path of the upstream, beginning with /.' },
    query: { ...TEXT, description: 'What follows the ?' },
    headers: {
      type: 'array',
      items: TEXT,
      description: 'Name: value; those that are not forwarded are left out.',
    },
    size: { type: 'integer', minimum: 0, description: 'Bytes of the body, when known beforehand.' },
    include: { type: 'boolean', description: 'The head of the answer comes before its body.' },
    api: { ...TEXT, description: 'What kind of model API it is; known from the alias, not to be given.' },
    model: { ...TEXT, description: 'The model the body asks for.' },
    max_tokens: { type: 'integer', minimum: 1, description: 'The most the body lets the model write.' },
  },
  required: ['path'],
  additionalProperties: false,
} satisfies { [key: string]: Json };

export function annotationsOf(method: Method): Annotations {
  const readOnly = SAFE.includes(method);
  return {
    readOnly,
    destructive: !readOnly,
    idempotent: readOnly || method === 'put' || method === 'delete',
    openWorld: true,
    egress: WITH_BODY.includes(method),
    untrustedOutput: true,
    secretOutput: false,
  };
}

/** @throws TurretError `unresolvable`, `no_such_action`, `invalid_params` */
export function resolveHttp(
  call: AgentCall,
  { name, upstreams }: { name: string; upstreams: ReadonlyMap<string, Upstream> },
): ResolveResult {
  if ('tool' in call) throw new TurretError('unresolvable', 'an http repeater has no command lines');
  const [, alias = '', method = ''] = call.action.split('.');
  const upstream = upstreams.get(alias);
  if (upstream === undefined) throw unknownAlias(alias, [...upstreams.keys()]);
  if (!isMethod(method) || call.action !== `${name}.${alias}.${method}`) {
    throw new TurretError('no_such_action', `there is no action "${call.action}"`, {
      hints: [`${name}.${alias}. and one of ${METHODS.join(', ')}`],
    });
  }
  const params = paramsOf(call.params, upstream);
  const annotations = annotationsOf(method);
  return {
    capabilities: [{ action: call.action, params, annotations }],
    needs: { stdin: WITH_BODY.includes(method), files: [] },
  };
}

function paramsOf(given: Params, upstream: Upstream): Params {
  for (const key of Object.keys(given))
    if (!Object.hasOwn(PARAMS['properties'] as object, key))
      throw wrong(`${key} is not a param of this action`);
  for (const key of ['host', 'api'])
    if (given[key] !== undefined) throw wrong(`${key} is known from the alias`);
  const { path, query, headers, size, include, model } = given;
  if (typeof path !== 'string') throw wrong('path is missing, or no text');
  const normal = normalPath(path);
  const lines = headers === undefined ? [] : readHeaders(textsOf('headers', headers), upstream.headers);
  return {
    host: upstream.host,
    path: normal,
    ...(query === undefined || query === '' ? {} : { query: queryOf(textOf('query', query), upstream) }),
    ...(lines.length === 0 ? {} : { headers: lines }),
    ...(size === undefined ? {} : { size: numberOf('size', size, 0) }),
    ...(include === true ? { include } : {}),
    ...(upstream.api === undefined ? {} : { api: upstream.api }),
    ...(model === undefined ? {} : { model: textOf('model', model) }),
    ...boundOf(given, normal, upstream),
  };
}

// The secret goes into the query there, and an agent must not put another one beside it.
function queryOf(query: string, { secretParam }: Upstream): string {
  const normal = normalQuery(query);
  if (secretParam !== undefined && queryNames(normal).includes(paramName(secretParam)))
    throw wrong(`the query param ${secretParam} is turret's to set`);
  return normal;
}

function boundOf({ max_tokens, model }: Params, path: string, upstream: Upstream): Params {
  const { api, max_tokens: cap, prices, alias } = upstream;
  if (prices !== undefined && typeof model === 'string' && priceOf(prices, model) === undefined)
    throw wrong(`turret.yaml has no price for the model ${JSON.stringify(model)} of the upstream "${alias}"`);
  const cost = api === undefined || model === undefined ? undefined : costKind(api, path);
  // What it costs could neither be bounded nor counted.
  if (model !== undefined && cost === undefined && (cap !== undefined || prices !== undefined))
    throw wrong(`nobody knows what ${path} costs, and turret.yaml bounds that for the upstream "${alias}"`);
  const asked = max_tokens === undefined ? undefined : numberOf('max_tokens', max_tokens, 1);
  if (cap !== undefined && asked !== undefined && asked > cap)
    throw wrong(
      `max_tokens ${asked} is more than the ${cap} that turret.yaml allows for the upstream "${alias}"`,
    );
  // Without a bound of its own the request gets this one.
  const bound = asked ?? (cost === 'writes' ? cap : undefined);
  return bound === undefined ? {} : { max_tokens: bound };
}

export function isMethod(method: string): method is Method {
  return (METHODS as readonly string[]).includes(method);
}

function unknownAlias(alias: string, known: string[]): TurretError {
  const near = nearestHint(alias, known);
  return new TurretError('no_such_action', `there is no upstream ${JSON.stringify(alias)}`, {
    hints: [near ?? `this repeater has: ${known.join(', ') || 'none'}`],
  });
}

function textOf(name: string, value: ParamValue): string {
  if (typeof value !== 'string') throw wrong(`${name} is no text`);
  return value;
}

function textsOf(name: string, value: ParamValue): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((each) => textOf(name, each));
}

function numberOf(name: string, value: ParamValue, min: number): number {
  if (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= min &&
    value <= HTTP_REQUEST_BYTES_MAX
  )
    return value;
  throw wrong(`${name} is no whole number from ${min} to ${HTTP_REQUEST_BYTES_MAX}`);
}

function wrong(message: string): TurretError {
  return new TurretError('invalid_params', message, {
    hints: [
      `params: ${Object.keys(PARAMS['properties'] as object)
        .filter((key) => key !== 'host' && key !== 'api')
        .join(', ')}`,
    ],
  });
}
