import type { IncomingMessage } from 'node:http';

/** A request as it was on the wire; nothing in it has been verified. */
export interface WireRequest {
  readonly method: string;
  readonly host: string;
  /** Still percent-encoded, exactly as sent. */
  readonly path: string;
  readonly rawQuery: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** Lower-case names; repeated headers joined with ',' as SigV4 wants (Node would use ', '). */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: IncomingMessage;
}

export type AwsProtocol = 'query' | 'ec2' | 'json' | 'rest-json' | 'rest-xml' | 'cbor';

/** What goes back: text, or a part of a file so that a large object is never in memory. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body:
    | string
    | Uint8Array
    | { readonly file: string; readonly start: number; readonly length: number };
}

/** Percent-decoding that leaves '+' alone and never throws: a malformed escape stays as it is. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed escape cannot match any signature made over the text, so it is left for the verifier to refuse.
    return text;
  }
}

/** Pairs of an encoded query or form; `plusIsSpace` for form bodies only. */
export function parsePairs(text: string, options: { plusIsSpace: boolean }): Map<string, string[]> {
  const pairs = new Map<string, string[]>();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    const decode = (piece: string): string =>
      decodeUri(options.plusIsSpace ? piece.replaceAll('+', ' ') : piece);
    const key = decode(name);
    pairs.set(key, [...(pairs.get(key) ?? []), decode(value)]);
  }
  return pairs;
}

export function readWire(message: IncomingMessage): WireRequest {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const rawQuery = mark < 0 ? '' : url.slice(mark + 1);
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    const name = (message.rawHeaders[at] ?? '').toLowerCase();
    const value = message.rawHeaders[at + 1] ?? '';
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return {
    method: message.method ?? 'GET',
    host: headers['host'] ?? '',
    path,
    rawQuery,
    query: parsePairs(rawQuery, { plusIsSpace: false }),
    headers,
    body: message,
  };
}

/** First value of a query parameter. */
export function queryValue(wire: WireRequest, name: string): string | undefined {
  return wire.query.get(name)?.[0];
}
