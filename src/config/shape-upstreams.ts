// The `upstreams` of an http repeater, and the aliases a gateway serves.

import { LLM_APIS } from '../llm/ask.js';
import { ENDPOINT, HOST, REFERENCE, UPSTREAM_ALIAS, aliasComplaint, matching } from './checks.js';
import { nearestHint } from './nearest.js';
import type { Complaint, FieldsShape, ListShape, TableShape, TextShape } from './shape.js';
import { UPSTREAM_PRESETS } from './upstream-presets.js';
import type { MapNode } from './yaml.js';

const UPSTREAMS_MAX = 64;
const HEADER = '[A-Za-z][A-Za-z0-9-]{0,63}';

const AUTH = matching(
  'a form of authentication',
  `^(bearer|basic|none|header:${HEADER}|query:[A-Za-z0-9_.-]{1,64})$`,
  'write bearer, basic, none, header:NAME or query:NAME',
);
const BASE = matching(
  'a base path',
  String.raw`^(/[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]*)+$`,
  'write /v1: a slash first, none at the end',
);
const MODEL: TextShape = matching(
  'a model',
  String.raw`^[A-Za-z0-9._:/@-]*\*?$`,
  'a * can only be at the end',
);
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The secret goes there: over TLS, or not off this machine. */
const ORIGIN: TextShape = {
  ...ENDPOINT,
  check(text) {
    const complaint = ENDPOINT.check?.(text);
    if (complaint) return complaint;
    const { protocol, hostname, pathname } = new URL(text);
    if (protocol === 'http:' && !LOOPBACK.test(hostname))
      return {
        message: 'over http the secret could be read on its way',
        hint: 'use https; http is for 127.0.0.1',
      };
    return pathname === '/' ? undefined : { message: 'an endpoint has no path', hint: 'write it as base' };
  },
};

const PRICE: FieldsShape = {
  is: 'fields',
  fields: Object.fromEntries(
    (['input', 'output', 'cached'] as const).map((key) => [
      key,
      {
        shape: { is: 'number', integer: false, minimum: 0, maximum: 1_000_000 },
        about: `US dollars for a million tokens: ${key}.`,
        ...(key === 'cached' ? {} : { required: true as const }),
      },
    ]),
  ),
};

const UPSTREAM: FieldsShape = {
  is: 'fields',
  fields: {
    host: { shape: HOST, about: 'Host it is reached at, over https.' },
    endpoint: {
      shape: ORIGIN,
      about: 'Where it is reached instead: another port, or a server of this machine.',
    },
    base: { shape: BASE, about: 'Path that is put before every path.' },
    auth: { shape: AUTH, about: 'How the secret is sent: bearer, basic, none, header:NAME, query:NAME.' },
    secret: { shape: REFERENCE, about: 'Where the secret is; never the secret itself.' },
    api: { shape: { is: 'word', words: LLM_APIS }, about: 'It is a model API of this kind.' },
    headers: {
      shape: { is: 'list', of: matching('the name of a header', `^${HEADER}$`), min: 1, max: UPSTREAMS_MAX },
      about: 'Headers that an agent may set besides the usual ones.',
    },
    max_tokens: {
      shape: { is: 'number', integer: true, minimum: 1, maximum: 10_000_000 },
      about: 'The most a model may write for one request; a request that says nothing gets this.',
    },
    prices: {
      shape: { is: 'table', of: PRICE, max: UPSTREAMS_MAX, checkKey: (key): Complaint => MODEL.check?.(key) },
      about: 'What its models cost, by name; other models are refused then.',
    },
    timeout: {
      shape: { is: 'number', integer: false, minimum: 0.1, maximum: 3_600 },
      about: 'Seconds without a byte after which it is given up.',
    },
  },
};

export const UPSTREAMS: TableShape = {
  is: 'table',
  of: UPSTREAM,
  max: UPSTREAMS_MAX,
  checkKey: (alias) => aliasComplaint(alias, 'an upstream'),
};

export const GATEWAY: ListShape = { is: 'list', of: UPSTREAM_ALIAS, min: 0, max: UPSTREAMS_MAX };

/** An upstream of which nobody would know where it is. */
export function upstreamComplaints(upstreams: MapNode): ReturnType<NonNullable<FieldsShape['check']>> {
  return [...upstreams.entries].flatMap(([alias, { key, value }]) => {
    if (value.is !== 'map' || Object.hasOwn(UPSTREAM_PRESETS, alias)) return [];
    const has = (name: string): boolean => value.entries.has(name);
    const hint = nearestHint(alias, Object.keys(UPSTREAM_PRESETS));
    if (!has('host') && !has('endpoint'))
      return [
        {
          ...key,
          message: `the upstream ${JSON.stringify(alias)} needs a host`,
          ...(hint === undefined ? {} : { hint }),
        },
      ];
    const auth = value.entries.get('auth')?.value;
    const none = auth?.is === 'scalar' && auth.value === 'none';
    if (!has('secret') && !none)
      return [
        {
          ...key,
          message: `the upstream ${JSON.stringify(alias)} needs a secret`,
          hint: 'write secret: env:NAME, or auth: none',
        },
      ];
    return [];
  });
}
