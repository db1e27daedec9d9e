// The head of one request as the CLI put it on the wire. Nothing is decoded or normalised here: what is verified,
// compared with the approval and signed again must be the same bytes.

import type { IncomingMessage } from 'node:http';
import { TurretError } from '../../../src/errors.js';

export interface WireRequest {
  method: string;
  /** Host the tunnel was asked for; the Host header says the same. */
  host: string;
  /** Percent-encoded, begins with `/`. */
  path: string;
  /** Without `?`; empty when there is none. */
  query: string;
  /** Lower-case name to values in order of appearance. */
  headers: ReadonlyMap<string, readonly string[]>;
}

/** Visible ASCII that may stand in an origin-form request target. */
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;

type Head = Pick<IncomingMessage, 'rawHeaders' | 'url' | 'method'>;

/** @throws TurretError `denied` for anything but a plain origin-form request to the tunnel's own host */
export function readWireRequest(incoming: Head, host: string): WireRequest {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i]?.toLowerCase() ?? '';
    const value = incoming.rawHeaders[i + 1] ?? '';
    headers.set(name, [...(headers.get(name) ?? []), value]);
  }
  const target = incoming.url ?? '';
  if (!TARGET.test(target)) {
    throw new TurretError('denied', 'the request target is not a path');
  }
  const hosts = headers.get('host') ?? [];
  if (hosts.length !== 1 || (hosts[0] !== host && hosts[0] !== `${host}:443`)) {
    throw new TurretError('denied', 'the request names another host than its tunnel');
  }
  if (headers.has('origin')) throw new TurretError('denied', 'requests from web pages are refused');
  const mark = target.indexOf('?');
  return {
    method: incoming.method ?? '',
    host,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
  };
}

/** The only value of a header; undefined when it is missing. @throws TurretError `denied` when it is repeated */
export function single(request: WireRequest, name: string): string | undefined {
  const values = request.headers.get(name);
  if (values === undefined) return undefined;
  if (values.length !== 1) throw new TurretError('denied', `header ${name} is repeated`);
  return values[0];
}

/**
 * Names and values of the query, decoded. Only the canonical encoding of SigV4 is taken, so that no other reader
 * of the same bytes can see another name or value.
 * @throws TurretError `denied` for another encoding
 */
export function queryPairs(query: string): [name: string, value: string][] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [canonical(pair), ''] : [canonical(pair.slice(0, at)), canonical(pair.slice(at + 1))];
  });
}

function canonical(encoded: string): string {
  const text = decoded(encoded);
  if (text === undefined || uriEncode(text) !== encoded) {
    throw new TurretError('denied', 'the query is not encoded as a signed request has to be');
  }
  return text;
}

/** Percent-decoded; undefined when that is not UTF-8. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // Malformed escapes have no reading at all.
  }
}

/** SigV4 UriEncode(): everything but A-Z a-z 0-9 - . _ ~ */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
