// What this process must not say. Whoever loads a credential tells us; streams (redacted-channel.ts), messages and the log
// are looked through for it.

import type { Json } from '../../src/protocol/messages.js';
import { REDACTED_SECRETS_MAX } from '../../src/protocol/limits.js';
import { spellings } from '../../src/protocol/spellings.js';
import { Needles } from './needles.js';
import { Redactor } from './redactor.js';

/** The most recent last: renewed credentials push out those of yesterday. */
const secrets = new Set<string>();
let needles: Needles | undefined;
let stale = false;

/** From now on this is taken out of whatever leaves this process. Too short ones (SECRET_BYTES_MIN) are not. */
export function keepSecret(...values: readonly (string | undefined)[]): void {
  for (const value of values) {
    if (value === undefined || value === '' || secrets.has(value)) continue;
    secrets.add(value);
    const [oldest] = secrets;
    if (secrets.size > REDACTED_SECRETS_MAX && oldest !== undefined) secrets.delete(oldest);
    stale = true;
  }
}

/** All spellings of all secrets; undefined when there is none. */
export function ownNeedles(): Needles | undefined {
  if (stale) {
    stale = false;
    const texts = [...secrets].flatMap(spellings);
    needles = texts.length === 0 ? undefined : new Needles(texts);
  }
  return needles;
}

/** Every text in a JSON value, looked through. */
export function withoutSecrets<T extends Json | object>(value: T): T {
  if (ownNeedles() === undefined) return value;
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'string' ? redactWhole(Buffer.from(inner)).toString() : inner,
  ) as T;
}

/** What this process writes to its log from now on, looked through; also what it dies of. */
export function redactLog(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (bytes: Buffer, ...rest: unknown[]) => boolean;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const callback = rest.filter((value) => typeof value === 'function');
      return write(redactWhole(Buffer.from(chunk as Uint8Array)), ...callback);
    };
  }
  process.on('uncaughtException', (error) => {
    process.stderr.write(`turret: ${error.stack ?? String(error)}\n`);
    process.exit(1);
  });
}

function redactWhole(bytes: Buffer): Buffer {
  const redactor = new Redactor({ needles: ownNeedles });
  return Buffer.concat([redactor.push(bytes), redactor.flush()]);
}
