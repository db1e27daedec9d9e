import { createHash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { resign } from '../../../repeaters/aws/inject/resign.js';
import { signatureOf } from '../../../repeaters/aws/inject/signature.js';
import { parseAuthorization, same, verifySignature } from '../../../repeaters/aws/inject/verify.js';
import type { WireRequest } from '../../../repeaters/aws/inject/wire-request.js';
import { INJECTOR_SIGNATURE_AGE_MS_MAX } from '../../../src/protocol/limits.js';

const DUMMY = {
  accessKeyId: 'AKIADUMMYDUMMYDUMMYD',
  secretAccessKey: 'dummySecretdummySecretdummySecretdummySe',
};
const NOW = Date.UTC(2026, 10, 23, 6, 0, 0);
const BODY = Buffer.from('Action=DescribeInstances');

interface Shape {
  path?: string;
  query?: string;
  headers?: Record<string, string>;
  body?: Buffer;
  at?: number;
  service?: string;
}

/** A request signed with the dummy key, by the injector's own way out: @smithy/signature-v4. */
async function signed({
  path = '/',
  query = '',
  headers = {},
  body = BODY,
  at = NOW,
  service = 'ec2',
}: Shape = {}): Promise<WireRequest> {
  const request: WireRequest = {
    method: 'POST',
    host: 'ec2.us-east-1.amazonaws.com',
    path,
    query,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
  const scope = { date: '', region: 'us-east-1', service };
  const out = await resign({
    request,
    scope,
    credential: DUMMY,
    hostHeader: request.host,
    path,
    body,
    now: at,
  });
  return {
    ...request,
    headers: new Map(Object.entries(out.headers).map(([name, value]) => [name, [value]])),
  };
}

function change(
  request: WireRequest,
  header: string,
  to: (value: string) => string | undefined,
): WireRequest {
  const headers = new Map(request.headers);
  const value = to(headers.get(header)?.[0] ?? '');
  if (value === undefined) headers.delete(header);
  else headers.set(header, [value]);
  return { ...request, headers };
}

function verify(
  request: WireRequest,
  { now = NOW, body = BODY, dummy = DUMMY }: { now?: number; body?: Buffer; dummy?: typeof DUMMY } = {},
): void {
  verifySignature(request, parseAuthorization(request), { dummy, now, body });
}

describe('the dummy signature', () => {
  it('is accepted when the other implementation made it', async () => {
    for (const shape of [
      {},
      { path: '/a/b%20c//../d/' },
      { query: 'b=2&a=1&a=%2B' },
      { headers: { 'x-amz-target': 'a  b ' } },
    ]) {
      const request = await signed(shape);
      expect(() => verify(request)).not.toThrow();
    }
  });

  it.each<[string, (request: WireRequest) => WireRequest]>([
    ['another method', (request) => ({ ...request, method: 'PUT' })],
    ['another path', (request) => ({ ...request, path: '/x' })],
    ['another query', (request) => ({ ...request, query: 'Action=TerminateInstances' })],
    ['another host header', (request) => change(request, 'host', () => 'iam.amazonaws.com')],
    ['another date', (request) => change(request, 'x-amz-date', () => '20261123T060001Z')],
    [
      'another signature',
      (request) =>
        change(request, 'authorization', (value) => value.replace(/.$/, (c) => (c === '0' ? '1' : '0'))),
    ],
    [
      'another region',
      (request) => change(request, 'authorization', (value) => value.replace('us-east-1', 'us-east-2')),
    ],
    [
      'another service',
      (request) => change(request, 'authorization', (value) => value.replace('/ec2/', '/iam/')),
    ],
    [
      'another key id',
      (request) => change(request, 'authorization', (value) => value.replace('AKIAD', 'AKIAE')),
    ],
    [
      'a scope of another day',
      (request) => change(request, 'authorization', (value) => value.replace('/20261123/', '/20261122/')),
    ],
    ['a header more', (request) => change(request, 'x-amz-target', () => 'x')],
    ['a header of no known kind more', (request) => change(request, 'range', () => 'bytes=0-')],
    [
      'host left out of the signature',
      (request) => change(request, 'authorization', (value) => value.replace('host;', '')),
    ],
    [
      'date left out of the signature',
      (request) => change(request, 'authorization', (value) => value.replace(/;x-amz-date/, '')),
    ],
    ['no signature', (request) => change(request, 'authorization', () => undefined)],
    [
      'SigV4A',
      (request) =>
        change(request, 'authorization', (value) =>
          value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
        ),
    ],
    ['a bearer token', (request) => change(request, 'authorization', () => 'Bearer x')],
    [
      'two signatures',
      (request) => ({
        ...request,
        headers: new Map([
          ...request.headers,
          ['authorization', [...(request.headers.get('authorization') ?? []), 'x']],
        ]),
      }),
    ],
    [
      'chunk signatures',
      (request) => change(request, 'x-amz-content-sha256', () => 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'),
    ],
  ])('does not cover %s', async (_what, damage) => {
    const request = damage(await signed());
    expect(() => verify(request)).toThrow(expect.objectContaining({ code: 'denied' }));
  });

  it('does not cover another body, whether its hash was declared or not', async () => {
    const plain = await signed();
    expect(() => verify(plain, { body: Buffer.from('Action=TerminateInstances') })).toThrow('does not match');
    const sha256 = createHash('sha256').update(BODY).digest('hex');
    const declared = await signed({ headers: { 'x-amz-content-sha256': sha256 } });
    expect(() => verify(declared)).not.toThrow();
    expect(() => verify(declared, { body: Buffer.from('other') })).toThrow('the body is not the one');
  });

  it('does not pass with chunk signatures or a scope of another day, however well they are signed', async () => {
    const chunked = await signed({
      headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
    });
    expect(() => verify(chunked)).toThrow('this way to sign a body is not understood');
    const request = await signed();
    const { signedHeaders, at, accessKeyId } = parseAuthorization(request);
    const scope = { date: '20261122', region: 'us-east-1', service: 'ec2' };
    const payload = createHash('sha256').update(BODY).digest('hex');
    const signature = signatureOf({
      request,
      signedHeaders,
      payload,
      scope,
      at,
      secretAccessKey: DUMMY.secretAccessKey,
    });
    expect(() =>
      verifySignature(
        request,
        { accessKeyId, scope, signedHeaders, signature, at },
        { dummy: DUMMY, now: NOW, body: BODY },
      ),
    ).toThrow('not fresh');
  });

  it('does not pass without a body to hash or a declared hash', async () => {
    const request = await signed();
    const authorization = parseAuthorization(request);
    expect(() =>
      verifySignature(request, authorization, { dummy: DUMMY, now: NOW, body: undefined }),
    ).toThrow('not under the signature');
  });

  it('is good for five minutes in either direction', async () => {
    const request = await signed();
    for (const sign of [1, -1]) {
      expect(() => verify(request, { now: NOW + sign * INJECTOR_SIGNATURE_AGE_MS_MAX })).not.toThrow();
      expect(() => verify(request, { now: NOW + sign * (INJECTOR_SIGNATURE_AGE_MS_MAX + 1_000) })).toThrow(
        'not fresh',
      );
    }
  });

  it('is not that of another call', async () => {
    const request = await signed();
    expect(() => verify(request, { dummy: { ...DUMMY, accessKeyId: 'AKIAOTHEROTHEROTHERO' } })).toThrow(
      'not of this call',
    );
    expect(() => verify(request, { dummy: { ...DUMMY, secretAccessKey: 'x'.repeat(40) } })).toThrow(
      'does not match',
    );
  });

  it('compares whole strings', () => {
    expect([same('a', 'a'), same('a', 'b'), same('a', 'aa'), same('', '')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('the way out', () => {
  const credential = {
    accessKeyId: 'AKIAREALREALREALREAL',
    secretAccessKey: 'r'.repeat(40),
    sessionToken: 'token',
  };

  it('drops what belongs to the dummy key or to one hop, and signs with the real key', async () => {
    const request = await signed({
      headers: { 'x-amz-security-token': 'dummy', expect: '100-continue', connection: 'x-hop', 'x-hop': '1' },
    });
    const scope = { date: '', region: 'us-east-1', service: 'ec2' };
    const out = await resign({
      request,
      scope,
      credential,
      hostHeader: request.host,
      path: '/',
      body: BODY,
      now: NOW,
    });
    expect(out.headers).toMatchObject({
      'x-amz-security-token': 'token',
      'content-length': String(BODY.length),
    });
    expect(out.headers).not.toHaveProperty('expect');
    expect(out.headers).not.toHaveProperty('x-hop');
    expect(JSON.stringify(out)).not.toContain(DUMMY.accessKeyId);
    const direct = new SignatureV4({
      credentials: credential,
      region: 'us-east-1',
      service: 'ec2',
      sha256: Sha256,
      applyChecksum: false,
    });
    const expected = await direct.sign(
      {
        method: 'POST',
        protocol: 'https:',
        hostname: request.host,
        path: '/',
        query: {},
        headers: { host: request.host },
        body: BODY,
      },
      { signingDate: new Date(NOW) },
    );
    expect(out.headers['authorization']).toBe(expected.headers['authorization']);
  });

  it('sends no session token when the real credential has none, whatever the CLI sent', async () => {
    const request = await signed({ headers: { 'x-amz-security-token': 'dummy' } });
    const { sessionToken: _without, ...permanent } = credential;
    const out = await resign({
      request,
      scope: { date: '', region: 'us-east-1', service: 'ec2' },
      credential: permanent,
      hostHeader: request.host,
      path: '/',
      body: BODY,
      now: NOW,
    });
    expect(out.headers).not.toHaveProperty('x-amz-security-token');
  });
});
