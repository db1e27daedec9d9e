// Whether calls were signed by who sent them. That takes longer than all else there is to do for one, and nothing of it
// depends on another: calls that wait at the same time are checked on Node's threads while this one decides. A call that
// comes alone is checked here: the way to a thread and back is longer than what it would save.

import type { VerifyingKey } from '../crypto/ed25519.js';
import type { JsonObject } from '../protocol/messages.js';

export interface Signed {
  key: VerifyingKey;
  message: Buffer;
  signature: Uint8Array;
}

/** A call whose signature is being checked. */
export interface Unchecked extends Signed {
  stream: number;
  counter: bigint;
  json: Uint8Array;
}

/** Evidence of one signed CALL, for the log. */
export interface SignedRequest {
  object: JsonObject;
  /** SHA-256 of its JSON as it was sent. */
  digest: Uint8Array;
  counter: bigint;
  transcript: Uint8Array;
  signature: Uint8Array;
}

export class Signatures {
  #waiting: (Signed & { done: (holds: boolean) => void })[] = [];
  #running = 0;

  /** `done` is told once, and not before everything that has arrived was read. */
  check(signed: Signed, done: (holds: boolean) => void): void {
    if (this.#waiting.push({ ...signed, done }) === 1) setImmediate(() => this.#begin());
  }

  #begin(): void {
    const all = this.#waiting;
    this.#waiting = [];
    const isAlone = all.length === 1 && this.#running === 0;
    for (const { key, message, signature, done } of all) {
      if (isAlone) return done(key.verify(message, signature));
      this.#running += 1;
      key.verifyLater(message, signature, (holds) => {
        this.#running -= 1;
        done(holds);
      });
    }
  }
}
