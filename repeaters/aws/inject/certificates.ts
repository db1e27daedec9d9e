// The certificate authority of one repeater process. Only the CLI children that we start trust it (AWS_CA_BUNDLE),
// and its key exists only in this process. It makes leafs for hosts that will be refused as well, so that the refusal
// can be said inside TLS: that is why the CA carries no name constraints.

import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { bits, element, integer, objectId, octets, sequence, set, time, utf8, yes } from './der.js';

/**
 * Whatever the clock says, and wherever it jumps to: these certificates end with the process that made them. The end is
 * that of RFC 5280 for certificates without one.
 */
const VALID = sequence(time(new Date('2000-01-01T00:00:00Z')), time(new Date('9999-12-31T23:59:59Z')));
const LEAFS_MAX = 1_024;

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));

interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export interface CertificateAuthority {
  /** PEM of the CA certificate, for the CLI's trust store. */
  readonly pem: string;
  /** TLS identity for one host, made on demand and kept. */
  contextFor(host: string): SecureContext;
  /** PEM of the leaf for a host, for tests and for `openssl verify`. */
  leafPem(host: string): string;
}

/** RFC 5280 certificates, EC P-256. */
export function createCertificateAuthority(): CertificateAuthority {
  const authority = keyPair();
  const name = commonName(`turret ${randomBytes(4).toString('hex')}`);
  const caBytes = certificate({
    issuer: name,
    subject: name,
    subjectKey: authority.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension('2.5.29.19', sequence(yes, integer(Buffer.from([0]))), 'critical'),
      extension('2.5.29.15', bits(Buffer.from([0x04]), 2), 'critical'),
      extension('2.5.29.14', octets(keyId(authority.publicKey))),
    ],
  });
  // One key for all leafs: it is as private as the CA key, and making it is most of what a leaf costs.
  const leafKey = keyPair();
  const leafKeyPem = leafKey.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const leafs = new Map<string, { pem: string; context: SecureContext }>();

  const leafFor = (host: string): { pem: string; context: SecureContext } => {
    const known = leafs.get(host);
    if (known) return known;
    if (leafs.size >= LEAFS_MAX) leafs.clear();
    const pem = toPem(
      certificate({
        issuer: name,
        subject: commonName('turret injector'),
        subjectKey: leafKey.publicKey,
        signer: authority.privateKey,
        extensions: [
          extension('2.5.29.19', sequence(), 'critical'),
          extension('2.5.29.15', bits(Buffer.from([0x80]), 7), 'critical'),
          extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'))),
          extension('2.5.29.35', sequence(element(0x80, keyId(authority.publicKey)))),
          extension('2.5.29.17', sequence(element(0x82, Buffer.from(host, 'latin1')))),
        ],
      }),
    );
    const made = { pem, context: createSecureContext({ key: leafKeyPem, cert: pem, minVersion: 'TLSv1.2' }) };
    leafs.set(host, made);
    return made;
  };
  return {
    pem: toPem(caBytes),
    contextFor: (host) => leafFor(host).context,
    leafPem: (host) => leafFor(host).pem,
  };
}

function keyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface Certificate {
  issuer: Buffer;
  subject: Buffer;
  subjectKey: KeyObject;
  signer: KeyObject;
  extensions: Buffer[];
}

/** RFC 5280 §4.1: TBSCertificate ‖ signatureAlgorithm ‖ signatureValue. */
function certificate({ issuer, subject, subjectKey, signer, extensions }: Certificate): Buffer {
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    issuer,
    VALID,
    subject,
    subjectKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions)),
  );
  return sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, signer)));
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(objectId('2.5.4.3'), utf8(name))));
}

function extension(id: string, value: Buffer, critical?: 'critical'): Buffer {
  return sequence(objectId(id), ...(critical ? [yes] : []), octets(value));
}

/** RFC 7093 method 1: the leftmost 160 bits of the SHA-256 of the key. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
