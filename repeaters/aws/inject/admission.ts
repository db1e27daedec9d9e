// One approved call, as the injector knows it: who may use the proxy, with which dummy key, for what.

import { randomBytes, randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { TurretError } from '../../../src/errors.js';
import { INJECTOR_REQUESTS_MAX } from '../../../src/protocol/limits.js';
import type { WireAllowance } from '../wire-allowance.js';
import type { DummyKey } from './verify.js';

export class Admission {
  /** Name and password of the proxy, random per call. */
  readonly user = randomBytes(8).toString('hex');
  readonly password = randomBytes(24).toString('base64url');
  readonly dummy: DummyKey = { accessKeyId: `AKIA${pick(BASE32, 16)}`, secretAccessKey: pick(BASE64, 40) };
  readonly allow: readonly WireAllowance[];
  readonly region: string;
  /** Aborted when the call is over: nothing of it goes on. */
  readonly ended = new AbortController();
  /** Regions the upstream itself has named for the approved bucket. */
  readonly bucketRegions = new Set<string>();
  /** The upstream has sent the CLI to another region, so the CLI may ask which. */
  redirected = false;
  #requests = 0;
  #sent = 0;
  #refused: string | undefined;

  constructor(allow: readonly WireAllowance[], region: string) {
    this.allow = allow;
    this.region = region;
    // Every tunnel and every request of the call listens.
    setMaxListeners(0, this.ended.signal);
  }

  /** @throws TurretError `denied` when the call has used up its requests, or is over */
  countRequest(): void {
    if (this.ended.signal.aborted) throw new TurretError('denied', 'the call is over');
    if (++this.#requests > INJECTOR_REQUESTS_MAX)
      throw new TurretError('denied', 'the call sends too many requests');
  }

  countSent(): void {
    this.#sent++;
  }

  refuse(sentence: string): void {
    this.#refused ??= sentence;
  }

  get sent(): number {
    return this.#sent;
  }

  get refused(): string | undefined {
    return this.#refused;
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function pick(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
