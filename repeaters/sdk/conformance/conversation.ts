// One call of the repeater under test, followed frame by frame with the rules of a broker.

import { CHANNEL, ERROR_CODES, FLAG, FRAME } from '../../../src/protocol/codes.js';
import type { Frame } from '../../../src/protocol/frames.js';
import { WINDOW_BYTES } from '../../../src/protocol/limits.js';
import type { JsonObject, Params } from '../../../src/protocol/messages.js';
import { Misbehaviour, type Subject, control } from './subject.js';

export interface Planned {
  /** Without the repeater's name. */
  action: string;
  params: Params;
  stdin: boolean;
}

const CALLEE_CHANNELS: ReadonlySet<number> = new Set([
  CHANNEL.STDOUT,
  CHANNEL.STDERR,
  CHANNEL.RESULT,
  CHANNEL.FILES,
]);
const CALLER_CHANNELS: ReadonlySet<number> = new Set([CHANNEL.STDIN, CHANNEL.FILES]);

export class Conversation {
  readonly subject: Subject;
  readonly stream: number;
  /** Bytes received per channel. */
  readonly received = new Map<number, Buffer[]>();
  readonly finished = new Set<number>();
  end: JsonObject | undefined;
  /** Credit returned as bytes come in; off for the check that holds it back. */
  refill = true;
  #receiveCredit = new Map<number, number>();
  #sendCredit = new Map<number, number>();
  #given = new Map<number, number>();

  constructor(subject: Subject, stream: number) {
    this.subject = subject;
    this.stream = stream;
  }

  call(name: string, planned: Planned, needs: JsonObject = { stdin: planned.stdin, files: [] }): void {
    const annotations = {
      readOnly: true,
      destructive: false,
      idempotent: true,
      openWorld: true,
      egress: false,
      untrustedOutput: false,
      secretOutput: false,
    };
    this.subject.control(FRAME.CALL, this.stream, {
      mode: 'run',
      call: `conformance-${this.stream}`,
      capabilities: [{ action: `${name}.${planned.action}`, params: planned.params, annotations }],
      needs,
      timeout_ms: 60_000,
      conformance: 'unknown keys are ignored',
    });
  }

  /** Waits for its next frame and applies the rules to it. */
  async step(): Promise<Frame> {
    const frame = await this.subject.next(
      `a frame of stream ${this.stream}`,
      (candidate) => candidate.stream === this.stream,
    );
    this.#check(frame);
    return frame;
  }

  /** The rules, applied to everything that has come already. */
  catchUp(): void {
    const ours = (frame: Frame): boolean => frame.stream === this.stream;
    for (let frame = this.subject.take(ours); frame !== undefined; frame = this.subject.take(ours))
      this.#check(frame);
  }

  async untilEnd(): Promise<JsonObject> {
    while (this.end === undefined) await this.step();
    return this.end;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done() && this.end === undefined) await this.step();
  }

  bytes(channel: number): Buffer {
    return Buffer.concat(this.received.get(channel) ?? []);
  }

  /** Credit for what it sends. */
  give(channel: number, bytes: number): void {
    this.#receiveCredit.set(channel, (this.#receiveCredit.get(channel) ?? WINDOW_BYTES) + bytes);
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes);
    this.subject.send({ type: FRAME.CREDIT, stream: this.stream, channel, payload });
  }

  /** Bytes we may send now. */
  allowance(channel: number): number {
    return this.#sendCredit.get(channel) ?? WINDOW_BYTES;
  }

  data(channel: number, payload: Uint8Array, fin: boolean): void {
    this.#sendCredit.set(channel, this.allowance(channel) - payload.length);
    this.#given.set(channel, (this.#given.get(channel) ?? 0) + payload.length);
    this.subject.send({ type: FRAME.DATA, stream: this.stream, channel, payload, flags: fin ? FLAG.FIN : 0 });
  }

  #check(frame: Frame): void {
    if (frame.type >= 0x80) return;
    if (this.end !== undefined)
      throw new Misbehaviour(`it sent frame 0x${frame.type.toString(16)} after the END of its call`);
    if (frame.type === FRAME.DATA) this.#data(frame);
    else if (frame.type === FRAME.CREDIT) this.#credit(frame);
    else if (frame.type === FRAME.END) this.end = checkEnd(control(frame));
    else throw new Misbehaviour(`frame 0x${frame.type.toString(16)} does not belong into an answer`);
  }

  #data(frame: Frame): void {
    const { channel, payload } = frame;
    if (!CALLEE_CHANNELS.has(channel)) throw new Misbehaviour(`it sent DATA on channel ${channel}`);
    if (this.finished.has(channel)) throw new Misbehaviour(`it sent DATA after FIN on channel ${channel}`);
    const left = (this.#receiveCredit.get(channel) ?? WINDOW_BYTES) - payload.length;
    if (left < 0) throw new Misbehaviour(`it sent ${-left} bytes more than it had credit for`);
    this.#receiveCredit.set(channel, left);
    this.received.set(channel, [...(this.received.get(channel) ?? []), Buffer.from(payload)]);
    if ((frame.flags & FLAG.FIN) !== 0) this.finished.add(channel);
    else if (this.refill && left < WINDOW_BYTES / 2) this.give(channel, WINDOW_BYTES - left);
  }

  #credit({ channel, payload }: Frame): void {
    if (!CALLER_CHANNELS.has(channel)) throw new Misbehaviour(`it gave credit for channel ${channel}`);
    const increment = payload.length === 4 ? Buffer.from(payload).readUInt32BE() : 0;
    if (increment === 0) throw new Misbehaviour('its CREDIT is not four bytes above 0');
    const credit = this.allowance(channel) + increment;
    if (credit > WINDOW_BYTES) throw new Misbehaviour('it gave credit for bytes that were never sent');
    this.#sendCredit.set(channel, credit);
  }
}

function checkEnd(end: JsonObject): JsonObject {
  if (end['ok'] === true) {
    const { exit } = end;
    if (typeof exit !== 'number' || !Number.isInteger(exit) || exit < 0 || exit > 255) {
      throw new Misbehaviour('its END is ok without an exit code from 0 to 255');
    }
    return end;
  }
  const error = end['error'];
  if (end['ok'] !== false || error === null || typeof error !== 'object' || Array.isArray(error)) {
    throw new Misbehaviour('its END is neither ok nor an error');
  }
  if (typeof error['message'] !== 'string') throw new Misbehaviour('the error of its END has no message');
  const name = error['name'];
  if (typeof name !== 'string' || !Object.hasOwn(ERROR_CODES, name))
    throw new Misbehaviour('the error of its END has no known name');
  if (error['code'] !== ERROR_CODES[name as keyof typeof ERROR_CODES])
    throw new Misbehaviour(`the error ${name} has another code`);
  return end;
}
