// The upstream's answer, streamed to the CLI unchanged, except errors that would tell the CLI about the credential.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { HOP_BY_HOP, headersWithout } from '../../sdk/headers.js';
import { nativeError } from './native-error.js';
import type { Credential } from './resign.js';

/** Error documents are short. A longer 4xx answer is not one of those that echo a credential. */
const ERROR_BYTES_MAX = 65_536;

const NOT_RETURNED: ReadonlySet<string> = new Set(HOP_BY_HOP);

export interface Relay {
  credential: Credential;
  protocol: string | undefined;
}

/** Resolves when the answer has been handed over completely. */
export async function relay(
  response: IncomingMessage,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
  { credential, protocol }: Relay,
): Promise<void> {
  const status = response.statusCode ?? 502;
  const headers = headersWithout(response.rawHeaders, NOT_RETURNED);
  // An answer before the end of the request: the CLI stops sending, and the connection is out of step.
  if (!incoming.complete) headers.push('Connection', 'close');
  const mayEcho = status === 400 || status === 401 || status === 403;
  if (mayEcho && incoming.method !== 'HEAD') {
    const body = await readShort(response);
    if (body === undefined || echoes(body, credential)) {
      const native = nativeError(protocol, {
        code: 'SignatureDoesNotMatch',
        message: 'turret: the credential the operator configured was not accepted',
      });
      outgoing.writeHead(403, native.headers);
      outgoing.end(native.body);
      return;
    }
    outgoing.writeHead(status, headers);
    outgoing.end(body);
    return;
  }
  outgoing.writeHead(status, headers);
  outgoing.flushHeaders();
  await pipeline(response, outgoing);
}

async function readShort(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > ERROR_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** SignatureDoesNotMatch repeats the canonical request with the session token in it; others name the access key. */
function echoes(body: Buffer, { accessKeyId, sessionToken }: Credential): boolean {
  return (
    body.includes('SignatureDoesNotMatch') ||
    body.includes(accessKeyId) ||
    (sessionToken !== undefined && sessionToken !== '' && body.includes(sessionToken))
  );
}
