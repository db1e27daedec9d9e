// The value of a secret from the person at the terminal, or from stdin.

import { TurretError } from '../errors.js';
import { SECRET_BYTES_MAX } from '../protocol/limits.js';

/** Throws TurretError usage for a value that is too long, no text, or not there. */
export async function readSecret(
  name: string,
  ask: ((question: string) => Promise<string>) | undefined,
): Promise<string> {
  if (process.stdin.isTTY && ask !== undefined) return ask(`value of ${name}: `);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > SECRET_BYTES_MAX)
      throw new TurretError('usage', `the value is longer than ${SECRET_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, '');
  } catch {
    throw new TurretError('usage', 'the value is not text', { hints: ['encode it first, with base64'] });
  }
}
