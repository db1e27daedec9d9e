// Is this request signed, whole, with the dummy key of this call? Only the CLI that we started for the call knows it.

import { createHash, timingSafeEqual } from 'node:crypto';
import { TurretError } from '../../../src/errors.js';
import { INJECTOR_SIGNATURE_AGE_MS_MAX } from '../../../src/protocol/limits.js';
import { signatureOf, type Scope } from './signature.js';
import { single, type WireRequest } from './wire-request.js';

export interface DummyKey {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Authorization {
  accessKeyId: string;
  scope: Scope;
  signedHeaders: string[];
  signature: string;
  at: string;
}

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,32})\/(\d{8})\/([a-z0-9-]{1,40})\/([A-Za-z0-9_-]{1,64})\/aws4_request, SignedHeaders=([!-:<-~]+(?:;[!-:<-~]+)*), Signature=([0-9a-f]{64})$/;

/** What botocore leaves out of the signature, and what its HTTP client adds later. All else has to be signed. */
const MAY_BE_UNSIGNED: ReadonlySet<string> = new Set([
  'accept-encoding',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'authorization',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'user-agent',
  'x-amzn-trace-id',
]);

/**
 * The parts of the one Authorization header. Nothing is verified yet.
 * @throws TurretError `denied` for an unsigned request and for every other form of signature
 */
export function parseAuthorization(request: WireRequest): Authorization {
  const value = single(request, 'authorization');
  if (value === undefined) throw new TurretError('denied', 'the request is not signed');
  const match = FORM.exec(value);
  const at = single(request, 'x-amz-date');
  if (!match || at === undefined || !/^\d{8}T\d{6}Z$/.test(at)) {
    throw new TurretError('denied', 'only AWS Signature Version 4 in the Authorization header is understood');
  }
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  return { accessKeyId, scope: { date, region, service }, signedHeaders: names.split(';'), signature, at };
}

/**
 * The payload line the request declares; undefined when the body has to be hashed.
 * @throws TurretError `denied` for chunk signatures, which only a holder of the key can make again
 */
export function declaredPayload(request: WireRequest): string | undefined {
  const value = single(request, 'x-amz-content-sha256');
  if (value === undefined || /^[0-9a-f]{64}$/.test(value)) return value;
  if (value === 'UNSIGNED-PAYLOAD' || value === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return value;
  throw new TurretError('denied', 'this way to sign a body is not understood');
}

export interface Verification {
  dummy: DummyKey;
  /** Epoch milliseconds. */
  now: number;
  /** The whole body, when it was held back; its hash is then checked too. */
  body: Buffer | undefined;
}

/** @throws TurretError `denied` unless the dummy key signed this request, all of it, just now */
export function verifySignature(request: WireRequest, authorization: Authorization, by: Verification): void {
  const { scope, signedHeaders, signature, at } = authorization;
  if (!same(authorization.accessKeyId, by.dummy.accessKeyId)) {
    throw new TurretError('denied', 'the request is signed with a key that is not of this call');
  }
  const age = Math.abs(by.now - parseTime(at));
  if (!(age <= INJECTOR_SIGNATURE_AGE_MS_MAX) || at.slice(0, 8) !== scope.date) {
    throw new TurretError('denied', 'the signature is not fresh');
  }
  // Host and X-Amz-Date among them: reading the request and its Authorization has made sure that they are there.
  for (const name of request.headers.keys()) {
    if (!signedHeaders.includes(name) && !MAY_BE_UNSIGNED.has(name)) {
      throw new TurretError('denied', `header ${name} is not signed`);
    }
  }
  const declared = declaredPayload(request);
  const actual = by.body && createHash('sha256').update(by.body).digest('hex');
  if (
    declared !== undefined &&
    actual !== undefined &&
    /^[0-9a-f]{64}$/.test(declared) &&
    declared !== actual
  ) {
    throw new TurretError('denied', 'the body is not the one that was signed');
  }
  const payload = declared ?? actual;
  if (payload === undefined) throw new TurretError('denied', 'the body is not under the signature');
  const expected = signatureOf({
    request,
    signedHeaders,
    payload,
    scope,
    at,
    secretAccessKey: by.dummy.secretAccessKey,
  });
  if (!same(expected, signature)) throw new TurretError('denied', 'the signature does not match');
}

function parseTime(at: string): number {
  return Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** Equal, in a time that does not tell where they differ. */
export function same(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
