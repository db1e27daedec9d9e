// TRT/1 framing: 8-byte preface, then 12-byte headers with payloads. SPEC.md §Frames.
//
//   offset 0  u8   version  0x01
//          1  u8   type     0x00–0x7f critical, 0x80–0xff ignorable
//          2  u8   flags    FIN 0x01, SIGNED 0x02, ACK 0x04
//          3  u8   channel
//          4  u32  stream   0 = connection; bit 31 is 0
//          8  u32  length   of the payload
//
// Nothing here has been verified: the peer may be anybody who can open the socket.

import { TurretError } from '../errors.js';
import { FLAG, FRAME } from './codes.js';
import {
  CONTROL_BYTES_MAX,
  DATA_BYTES_MAX,
  IDLE_FRAMES_MAX,
  REGISTER_BYTES_MAX,
  UNAUTHENTICATED_BYTES_MAX,
} from './limits.js';

/** "TRT" CR LF SUB LF and the major version: catches newline translation, as PNG's signature does. */
export const PREFACE = Uint8Array.of(0x54, 0x52, 0x54, 0x0d, 0x0a, 0x1a, 0x0a, 0x01);
export const HEADER_BYTES = 12;
const VERSION = 0x01;
const STREAM_MAX = 0x7fff_ffff;
const FLAGS_KNOWN = FLAG.FIN | FLAG.SIGNED | FLAG.ACK;
const CRITICAL = new Set<number>(Object.values(FRAME).filter((type) => type < 0x80));

export interface Frame {
  type: number;
  flags: number;
  channel: number;
  stream: number;
  payload: Uint8Array;
}

/** DATA that was read with room for a header before it: who passes it on need not copy it. */
const withRoom = new WeakMap<Uint8Array, Buffer>();

const LARGE_FRAME_BYTES = HEADER_BYTES + DATA_BYTES_MAX;
/** Memory of large frames that were sent: to get it anew takes longer than to read or write it. */
const idle: Buffer[] = [];

function memoryFor(bytes: number): Buffer {
  if (bytes > LARGE_FRAME_BYTES || bytes < LARGE_FRAME_BYTES / 2) return Buffer.allocUnsafe(bytes);
  return (idle.pop() ?? Buffer.allocUnsafeSlow(LARGE_FRAME_BYTES)).subarray(0, bytes);
}

/** `bytes` are of `encodeFrame`, and nobody will look at them again, nor at the frame they were made of. */
export function reuse({ buffer }: Buffer): void {
  if (buffer.byteLength === LARGE_FRAME_BYTES && idle.length < IDLE_FRAMES_MAX)
    idle.push(Buffer.from(buffer));
}

/** Bytes of one frame. Fields out of range are a programmer's mistake, hence TypeError. */
export function encodeFrame(frame: Frame): Buffer {
  if (frame.stream < 0 || frame.stream > STREAM_MAX) throw new TypeError('stream out of range');
  if (frame.payload.length > bytesMax(frame.type, true))
    throw new TypeError('payload over the limit of its type');
  const room = withRoom.get(frame.payload);
  // Once: a second frame must not write its header over that of the first.
  withRoom.delete(frame.payload);
  const bytes = room ?? memoryFor(HEADER_BYTES + frame.payload.length);
  bytes[0] = VERSION;
  bytes[1] = frame.type;
  bytes[2] = frame.flags;
  bytes[3] = frame.channel;
  bytes.writeUInt32BE(frame.stream, 4);
  bytes.writeUInt32BE(frame.payload.length, 8);
  if (room === undefined) bytes.set(frame.payload, HEADER_BYTES);
  return bytes;
}

/** Largest payload a frame of this type may have. */
export function bytesMax(type: number, authenticated: boolean): number {
  if (!authenticated) return UNAUTHENTICATED_BYTES_MAX;
  if (type === FRAME.DATA) return DATA_BYTES_MAX;
  if (type === FRAME.REGISTER) return REGISTER_BYTES_MAX;
  return CONTROL_BYTES_MAX;
}

/** Turns any split of the byte stream into the same frames. Holds at most one frame. */
export class FrameDecoder {
  /** Set once the peer has proved who it is; raises the payload limits. */
  authenticated = false;
  readonly #head = Buffer.alloc(HEADER_BYTES);
  #prefaceLeft: number;
  /** Known when its header is there. */
  #frame: Frame | undefined;
  /** What is being filled, and how far: a header, then a copy of it with its payload. */
  #bytes: Buffer = this.#head;
  #filled = 0;

  constructor({ preface }: { preface: boolean }) {
    this.#prefaceLeft = preface ? PREFACE.length : 0;
  }

  /**
   * Frames completed by this chunk, one by one, so that a limit raised by one frame holds for the next.
   * Throws TurretError protocol_error or frame_too_large; the decoder is useless afterwards.
   */
  *push(chunk: Uint8Array): Generator<Frame, void, undefined> {
    let at = this.#takePreface(chunk);
    while (at < chunk.length) {
      const taken = Math.min(this.#bytes.length - this.#filled, chunk.length - at);
      this.#bytes.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === HEADER_BYTES) this.#frame ??= this.#readHeader();
      if (this.#frame !== undefined && this.#filled === this.#bytes.length) yield this.#complete(this.#frame);
    }
  }

  #complete(frame: Frame): Frame {
    frame.payload = this.#bytes.subarray(HEADER_BYTES);
    if (frame.type === FRAME.DATA) withRoom.set(frame.payload, this.#bytes);
    this.#frame = undefined;
    this.#bytes = this.#head;
    this.#filled = 0;
    return frame;
  }

  #takePreface(chunk: Uint8Array): number {
    let at = 0;
    while (this.#prefaceLeft > 0 && at < chunk.length) {
      if (chunk[at] !== PREFACE[PREFACE.length - this.#prefaceLeft]) {
        throw new TurretError('protocol_error', 'the peer does not speak TRT/1');
      }
      at += 1;
      this.#prefaceLeft -= 1;
    }
    return at;
  }

  #readHeader(): Frame {
    const head = this.#head;
    const type = head[1] as number;
    const flags = head[2] as number;
    const stream = head.readUInt32BE(4);
    const length = head.readUInt32BE(8);
    if (head[0] !== VERSION) throw new TurretError('protocol_error', 'frame of another version');
    if (stream > STREAM_MAX) throw new TurretError('protocol_error', 'stream id with bit 31 set');
    if (type < 0x80) {
      if (!CRITICAL.has(type))
        throw new TurretError('protocol_error', `unknown critical frame 0x${type.toString(16)}`);
      if ((flags & ~FLAGS_KNOWN) !== 0)
        throw new TurretError('protocol_error', 'unknown flag on a critical frame');
    }
    // Before the payload is read: a peer that announces 4 GiB costs us twelve bytes.
    if (length > bytesMax(type, this.authenticated))
      throw new TurretError('frame_too_large', 'frame over the limit');
    this.#bytes = memoryFor(HEADER_BYTES + length);
    this.#bytes.set(head);
    return { type, flags, channel: head[3] as number, stream, payload: new Uint8Array(0) };
  }
}
