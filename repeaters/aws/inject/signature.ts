// AWS Signature Version 4 over the bytes of a request, to check what the CLI signed with its dummy key. Signing for
// the real upstream is resign.ts, with another implementation: the two have to agree about every request that passes.
// Source: AWS General Reference, "Create a signed AWS API request"; botocore auth.py for what the CLIs do.

import { createHash, createHmac } from 'node:crypto';
import type { WireRequest } from './wire-request.js';

export interface Scope {
  /** YYYYMMDD */
  date: string;
  region: string;
  /** Signing name. */
  service: string;
}

export interface ToSign {
  request: WireRequest;
  signedHeaders: readonly string[];
  /** Value of the payload line: a hex digest or one of the constants. */
  payload: string;
  scope: Scope;
  /** X-Amz-Date. */
  at: string;
  secretAccessKey: string;
}

/** The 64 hex digits of the signature. */
export function signatureOf({ request, signedHeaders, payload, scope, at, secretAccessKey }: ToSign): string {
  const canonical = [
    request.method,
    canonicalPath(request.path, scope.service),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${(request.headers.get(name) ?? []).map(trimAll).join(',')}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n');
  const text = [
    'AWS4-HMAC-SHA256',
    at,
    `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
    createHash('sha256').update(canonical, 'latin1').digest('hex'),
  ].join('\n');
  const key = [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

/** S3 signs the path as it is sent; everybody else removes dot segments and encodes once more. */
export function signsPathAsSent(signingName: string): boolean {
  return signingName === 's3' || signingName === 's3-object-lambda' || signingName === 's3-outposts';
}

function canonicalPath(path: string, signingName: string): string {
  if (signsPathAsSent(signingName)) return path;
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  const end = kept.length > 0 && path.endsWith('/') ? '/' : '';
  const normal = `/${kept.join('/')}${end}`;
  return normal.replaceAll(
    /[^A-Za-z0-9/_.~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function trimAll(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ');
}
