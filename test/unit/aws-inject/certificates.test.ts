import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../../repeaters/aws/inject/certificates.js';
import { element, integer, objectId, time } from '../../../repeaters/aws/inject/der.js';

const verify = (ca: string, leaf: string, host: string): string =>
  execFileSync(
    'openssl',
    ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', host, '-CAfile', ca, leaf],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );

describe('the certificate authority of a repeater', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'turret-ca-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const authority = createCertificateAuthority();
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  it.each([
    'sts.us-east-1.amazonaws.com',
    'b.s3.us-east-1.amazonaws.com',
    `${'a'.repeat(63)}.${'b'.repeat(63)}.amazonaws.com`,
  ])('makes a leaf for %s that openssl -x509_strict accepts for that host and no other', (host) => {
    const ca = file('ca.pem', authority.pem);
    const leaf = file('leaf.pem', authority.leafPem(host));
    expect(verify(ca, leaf, host)).toContain('OK');
    expect(() => verify(ca, leaf, `x${host}`)).toThrow(/ostname mismatch/);
  });

  it('is trusted only with its own CA: another process has another key', () => {
    const other = file('other.pem', createCertificateAuthority().pem);
    const leaf = file('leaf.pem', authority.leafPem('sts.amazonaws.com'));
    expect(() => verify(other, leaf, 'sts.amazonaws.com')).toThrow(/unable to get local issuer certificate/);
  });

  it('cannot make a leaf into a CA', () => {
    expect(new X509Certificate(authority.pem).ca).toBe(true);
    expect(new X509Certificate(authority.leafPem('sts.amazonaws.com')).ca).toBe(false);
  });

  it('keeps one leaf per host', () => {
    expect(authority.leafPem('a.example.com')).toBe(authority.leafPem('a.example.com'));
    expect(authority.contextFor('a.example.com')).toBe(authority.contextFor('a.example.com'));
  });

  it('holds wherever the clock jumps to', () => {
    const pems = [authority.pem, authority.leafPem('a.example.com')];
    for (const { validFrom, validTo } of pems.map((pem) => new X509Certificate(pem))) {
      expect(new Date(validFrom)).toEqual(new Date(Date.UTC(2000, 0, 1)));
      expect(new Date(validTo)).toEqual(new Date(Date.UTC(9999, 11, 31, 23, 59, 59)));
    }
  });
});

describe('DER', () => {
  it.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [256, '04820100'],
  ])('writes the length %i in the shortest form', (length, head) => {
    expect(element(0x04, Buffer.alloc(length)).toString('hex').slice(0, head.length)).toBe(head);
  });
  it.each([
    ['00', '020100'],
    ['80', '02020080'],
    ['007f', '02017f'],
    ['000080', '02020080'],
  ])('writes the integer %s without a needless byte and never negative', (bytes, der) => {
    expect(integer(Buffer.from(bytes, 'hex')).toString('hex')).toBe(der);
  });
  it('writes object ids and times as RFC 5280 has them', () => {
    expect(objectId('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
    expect(
      time(new Date(Date.UTC(2049, 11, 31, 23, 59, 59)))
        .toString('latin1')
        .slice(2),
    ).toBe('491231235959Z');
    expect(
      time(new Date(Date.UTC(2050, 0, 1)))
        .toString('latin1')
        .slice(2),
    ).toBe('20500101000000Z');
  });
});
