// The same request, signed with the real credential. What the dummy signature covered stays as it is, byte for byte;
// what belongs to one hop or to the dummy key is dropped.

import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { HOP_BY_HOP } from '../../sdk/headers.js';
import { signsPathAsSent, type Scope } from './signature.js';
import { queryPairs, type WireRequest } from './wire-request.js';

export interface Credential {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface Outgoing {
  method: string;
  /** Request target: path and query. */
  target: string;
  headers: Record<string, string>;
}

const DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'content-length',
  'date',
  'expect',
  'host',
  'x-amz-date',
  'x-amz-security-token',
  'x-amzn-trace-id',
]);

export interface Resigning {
  request: WireRequest;
  scope: Scope;
  credential: Credential;
  /** Host and, for an upstream the operator pinned, port. */
  hostHeader: string;
  path: string;
  /** The whole body, or undefined when it is streamed under the payload line the request declares. */
  body: Buffer | undefined;
  /** Epoch milliseconds: our own clock, not the one of the dummy signature. */
  now: number;
}

/** @returns what goes upstream, complete with Authorization, Host and Content-Length where it is known */
export async function resign(from: Resigning): Promise<Outgoing> {
  const { request, scope, credential, hostHeader, path, body } = from;
  const headers: Record<string, string> = { host: hostHeader };
  const hop = new Set(
    (request.headers.get('connection') ?? []).flatMap((value) =>
      value
        .toLowerCase()
        .split(',')
        .map((name) => name.trim()),
    ),
  );
  for (const [name, values] of request.headers) {
    if (!DROPPED.has(name) && !hop.has(name)) headers[name] = values.join(',');
  }
  const asSent = signsPathAsSent(scope.service);
  const signer = new SignatureV4({
    credentials: { ...credential, sessionToken: credential.sessionToken ?? '' },
    region: scope.region,
    service: scope.service,
    sha256: NodeSha256,
    uriEscapePath: !asSent,
    applyChecksum: asSent,
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: hostHeader,
      path,
      query: queryOf(request.query),
      headers,
      body,
    },
    { signingDate: new Date(from.now) },
  );
  const length = body ? String(body.length) : request.headers.get('content-length')?.[0];
  const hasLength =
    length !== undefined && (length !== '0' || !['GET', 'HEAD', 'DELETE'].includes(request.method));
  return {
    method: request.method,
    target: request.query === '' ? path : `${path}?${request.query}`,
    headers: { ...signed.headers, ...(hasLength ? { 'content-length': length } : {}) },
  };
}

function queryOf(query: string): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of queryPairs(query)) values.set(name, [...(values.get(name) ?? []), value]);
  // Not by assignment: a query name may be `__proto__`.
  return Object.fromEntries(values);
}

/** The hash the signer wants, over node:crypto. */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new TypeError('a hash is used once');
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
