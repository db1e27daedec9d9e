import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { timingSafeEqual } from 'node:crypto';
import type { AuthProblem } from './errors.js';
import { queryValue, type WireRequest } from './wire.js';

/** A credential the fake knows. `readOnly` keys are refused writes with AccessDenied. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly readOnly?: boolean;
}

/** What a request claims about who signed it; nothing in it has been proved. */
export interface UnverifiedSignature {
  readonly keyId: string;
  readonly shortDate: string;
  readonly region: string;
  readonly service: string;
  readonly longDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly token: string | undefined;
  readonly presignedSeconds: number | undefined;
}

/** Why a credential was refused; becomes the service's own error. */
export class AuthFailure extends Error {
  readonly problem: AuthProblem;
  constructor(problem: AuthProblem) {
    super(problem);
    this.problem = problem;
  }
}

const SKEW_MS_MAX = 15 * 60_000;

/** The claim in the Authorization header or in the X-Amz-* query; undefined when the request is not signed with SigV4. */
export function readSignature(wire: WireRequest): UnverifiedSignature | undefined {
  const header = wire.headers['authorization'];
  const presigned = header === undefined && queryValue(wire, 'X-Amz-Algorithm') === 'AWS4-HMAC-SHA256';
  if (!presigned && !header?.startsWith('AWS4-HMAC-SHA256 ')) return undefined;
  const field = (name: string): string =>
    presigned
      ? (queryValue(wire, `X-Amz-${name}`) ?? '')
      : (new RegExp(`(?:^|[ ,])${name}=([^, ]+)`).exec(header ?? '')?.[1] ?? '');
  const scope = field('Credential').split('/');
  const [keyId, shortDate, region, service] = scope;
  if (scope.length !== 5 || scope[4] !== 'aws4_request') return undefined;
  if (keyId === undefined || shortDate === undefined || region === undefined || service === undefined)
    return undefined;
  return {
    keyId,
    shortDate,
    region,
    service,
    longDate: presigned ? field('Date') : (wire.headers['x-amz-date'] ?? ''),
    signedHeaders: field('SignedHeaders').split(';'),
    signature: field('Signature'),
    token: presigned ? queryValue(wire, 'X-Amz-Security-Token') : wire.headers['x-amz-security-token'],
    presignedSeconds: presigned ? Number(field('Expires')) : undefined,
  };
}

/** Recomputes with the AWS SDK's own signer, so that neither the CLI nor Turret's injector checks itself. */
class Recomputer extends SignatureV4 {
  async signatureOf(wire: WireRequest, claim: UnverifiedSignature, bodyHash: string): Promise<string> {
    const headers: Record<string, string> = {};
    for (const name of claim.signedHeaders) {
      const value = wire.headers[name];
      if (value === undefined) throw new AuthFailure('bad-signature');
      headers[name] = value.trim().replace(/\s+/g, ' ');
    }
    const query = Object.fromEntries([...wire.query].map(([name, values]) => [name, [...values]]));
    const canonical = this.createCanonicalRequest(
      { method: wire.method, protocol: 'http:', hostname: wire.host, path: wire.path, query, headers },
      headers,
      bodyHash,
    );
    const scope = `${claim.shortDate}/${claim.region}/${claim.service}/aws4_request`;
    const text = await this.createStringToSign(claim.longDate, scope, canonical, 'AWS4-HMAC-SHA256');
    return this.sign(text, { signingDate: parseDate(claim.longDate) });
  }
}

function parseDate(longDate: string): Date {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(longDate);
  if (parts === null) throw new AuthFailure('bad-signature');
  const [, year, month, day, hour, minute, second] = parts;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function checkTime(claim: UnverifiedSignature, now: number): void {
  const signedAt = parseDate(claim.longDate).getTime();
  if (!claim.longDate.startsWith(claim.shortDate)) throw new AuthFailure('bad-signature');
  const after = claim.presignedSeconds === undefined ? SKEW_MS_MAX : claim.presignedSeconds * 1000;
  if (!(now - signedAt <= after) || signedAt - now > SKEW_MS_MAX) throw new AuthFailure('skew');
}

/** `host` and every `x-amz-*` header must be covered: an uncovered one could have been added on the way. */
function checkCoverage(wire: WireRequest, claim: UnverifiedSignature): void {
  const uncovered = Object.keys(wire.headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  );
  if (uncovered.length > 0) throw new AuthFailure('bad-signature');
}

/**
 * Proves that the holder of a registered secret signed exactly this request.
 * `bodyHash` is what stands last in the canonical request. Throws AuthFailure. Source: AWS "Signature Version 4" reference.
 */
export async function verifySignature(
  wire: WireRequest,
  claim: UnverifiedSignature,
  options: { keys: readonly AwsKey[]; bodyHash: string; now: number },
): Promise<AwsKey> {
  const key = options.keys.find(({ accessKeyId }) => accessKeyId === claim.keyId);
  if (key === undefined) throw new AuthFailure('unknown-key');
  checkTime(claim, options.now);
  checkCoverage(wire, claim);
  if (key.sessionToken !== claim.token) throw new AuthFailure('bad-token');
  const recomputer = new Recomputer({
    service: claim.service,
    region: claim.region,
    credentials: key,
    sha256: Sha256,
    uriEscapePath: claim.service !== 's3',
  });
  const expected = Buffer.from(await recomputer.signatureOf(wire, claim, options.bodyHash));
  const given = Buffer.from(claim.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new AuthFailure('bad-signature');
  }
  return key;
}
