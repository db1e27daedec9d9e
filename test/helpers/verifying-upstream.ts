// A small AWS that verifies every signature with the real secret and keeps what it saw. It signs with the injector's
// own arithmetic, the injector's way out signs with @smithy/signature-v4: the two have to agree.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { signatureOf } from '../../repeaters/aws/inject/signature.js';
import { readWireRequest } from '../../repeaters/aws/inject/wire-request.js';
import { declaredPayload, parseAuthorization } from '../../repeaters/aws/inject/verify.js';
import { closeServer, listenOnLoopback } from '../fakes/loopback.js';

export const REAL = {
  accessKeyId: 'AKIAREALREALREALREAL',
  secretAccessKey: 'realSecretRealSecretRealSecretRealSecret',
  sessionToken: 'realSessionTokenRealSessionToken',
};

export interface Seen {
  method: string;
  url: string;
  region: string;
  service: string;
  headers: IncomingMessage['headers'];
  /** SHA-256 of the body and its length. */
  sha256: string;
  bytes: number;
}
export type Answer = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void;

export interface VerifyingUpstream {
  readonly endpoint: URL;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** A request whose signature is not right is answered 403 and not kept. */
export async function startVerifyingUpstream(
  answer: Answer,
  secret: string = REAL.secretAccessKey,
): Promise<VerifyingUpstream> {
  const seen: Seen[] = [];
  const server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => {
    const hash = createHash('sha256');
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    incoming.on('end', () => {
      const sha256 = hash.digest('hex');
      const request = readWireRequest(incoming, incoming.headers.host ?? '');
      const { scope, signedHeaders, signature, at, accessKeyId } = parseAuthorization(request);
      const payload = declaredPayload(request) ?? sha256;
      const expected = signatureOf({ request, signedHeaders, payload, scope, at, secretAccessKey: secret });
      const bodyFits = !/^[0-9a-f]{64}$/.test(payload) || payload === sha256;
      if (expected !== signature || !bodyFits || accessKeyId !== REAL.accessKeyId) {
        outgoing.writeHead(403, { 'content-type': 'application/xml' });
        outgoing.end(
          `<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>x-amz-security-token:${incoming.headers['x-amz-security-token']?.toString()}</CanonicalRequest></Error>`,
        );
        return;
      }
      const entry: Seen = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        region: scope.region,
        service: scope.service,
        headers: incoming.headers,
        sha256,
        bytes,
      };
      seen.push(entry);
      answer(incoming, outgoing, entry);
    });
  });
  const endpoint = new URL(await listenOnLoopback(server, 0));
  return { endpoint, seen, close: () => closeServer(server) };
}
