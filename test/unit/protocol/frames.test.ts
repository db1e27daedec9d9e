import { describe, expect, it } from 'vitest';
import { FRAME } from '../../../src/protocol/codes.js';
import {
  type Frame,
  FrameDecoder,
  HEADER_BYTES,
  PREFACE,
  bytesMax,
  encodeFrame,
} from '../../../src/protocol/frames.js';
import { UNAUTHENTICATED_BYTES_MAX } from '../../../src/protocol/limits.js';
import { bytes, codeOf, vectors } from './vectors.js';

function decoder(authenticated = true, preface = false): FrameDecoder {
  const made = new FrameDecoder({ preface });
  made.authenticated = authenticated;
  return made;
}

/** Frames with their payloads copied, as plain values. */
function decode(into: FrameDecoder, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    for (const frame of into.push(chunk)) frames.push({ ...frame, payload: Buffer.from(frame.payload) });
  }
  return frames;
}

function* cut(whole: Buffer, places: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const place of [...new Set(places)].sort((left, right) => left - right)) {
    yield whole.subarray(from, place);
    from = place;
  }
  yield whole.subarray(from);
}

describe('the frames of the vectors', () => {
  it.each(vectors.frames)(
    '$name: encodes to its bytes and decodes from them',
    ({ hex, payload, ...rest }) => {
      const frame = {
        type: rest.type,
        flags: rest.flags,
        channel: rest.channel,
        stream: rest.stream,
        payload: bytes(payload),
      };
      expect(encodeFrame(frame).toString('hex')).toBe(hex);
      expect(decode(decoder(), [bytes(hex)])).toEqual([frame]);
    },
  );

  it.each(vectors.frames_refused)('$name: is refused at its header', ({ hex, error, authenticated }) => {
    expect(bytes(hex)).toHaveLength(HEADER_BYTES);
    expect(codeOf(() => decode(decoder(authenticated), [bytes(hex)]))).toBe(error);
  });

  it.each(vectors.connections)('a connection that begins with: $name', ({ hex, frames, error }) => {
    const each = [...bytes(hex)].map((byte) => Uint8Array.of(byte));
    for (const chunks of [[bytes(hex)], each]) {
      const begun = decoder(true, true);
      let count: number | undefined;
      const code = codeOf(() => {
        count = decode(begun, chunks).length;
      });
      expect({ count, code }).toEqual({ count: frames, code: error });
    }
  });
});

describe('the decoder', () => {
  it('gives the same frames when the bytes are cut in two at any place', () => {
    const whole = Buffer.concat([PREFACE, ...vectors.frames.map(({ hex }) => bytes(hex))]);
    const expected = decode(decoder(true, true), [whole]);
    expect(expected).toHaveLength(vectors.frames.length);
    for (let place = 0; place <= whole.length; place += 1) {
      expect({ place, frames: decode(decoder(true, true), cut(whole, [place])) }).toEqual({
        place,
        frames: expected,
      });
    }
  });

  it('takes the largest payload of every type and not one byte more', () => {
    for (const type of Object.values(FRAME)) {
      const most = bytesMax(type, true);
      const head = encodeFrame({ type, flags: 0, channel: 0, stream: 0, payload: Buffer.alloc(0) });
      head.writeUInt32BE(most, 8);
      expect(codeOf(() => decode(decoder(), [head]))).toBeUndefined();
      head.writeUInt32BE(most + 1, 8);
      expect(codeOf(() => decode(decoder(), [head]))).toBe('frame_too_large');
    }
  });

  it('raises the limit for the frame behind the one that authenticated, in the same chunk', () => {
    const small = encodeFrame({
      type: FRAME.AUTH,
      flags: 0,
      channel: 0,
      stream: 0,
      payload: Buffer.alloc(10),
    });
    const large = encodeFrame({
      type: FRAME.CALL,
      flags: 0,
      channel: 0,
      stream: 1,
      payload: Buffer.alloc(UNAUTHENTICATED_BYTES_MAX + 1),
    });
    const both = Buffer.concat([small, large]);
    const trusting = decoder(false);
    let seen = 0;
    for (const frame of trusting.push(both)) {
      seen += 1;
      if (frame.type === FRAME.AUTH) trusting.authenticated = true;
    }
    expect(seen).toBe(2);
    expect(codeOf(() => decode(decoder(false), [both]))).toBe('frame_too_large');
  });
});

describe('the encoder', () => {
  it('does not encode what the other side must refuse', () => {
    const frame = { type: FRAME.DATA, flags: 0, channel: 0, stream: 1, payload: Buffer.alloc(0) };
    expect(() => encodeFrame({ ...frame, stream: 0x8000_0000 })).toThrow(TypeError);
    expect(() => encodeFrame({ ...frame, payload: Buffer.alloc(bytesMax(FRAME.DATA, true) + 1) })).toThrow(
      TypeError,
    );
    expect(encodeFrame({ ...frame, payload: Buffer.alloc(bytesMax(FRAME.DATA, true)) })).toHaveLength(
      HEADER_BYTES + 65_536,
    );
  });
});

describe('a payload that is passed on', () => {
  const data = (stream: number): Frame => ({
    type: FRAME.DATA,
    flags: 0,
    channel: 1,
    stream,
    // Past what Node takes from a common pool.
    payload: Buffer.alloc(10_000, 'x'),
  });

  it('is not copied, and has the header it is sent with', () => {
    const [frame] = [...decoder().push(encodeFrame(data(7)))];
    if (frame === undefined) throw new Error('no frame');
    const sent = encodeFrame({ ...frame, stream: 8 });
    expect(sent.buffer).toBe(frame.payload.buffer);
    expect(sent.equals(encodeFrame(data(8)))).toBe(true);
  });

  it('twice, leaves what was sent first as it was', () => {
    const [frame] = [...decoder().push(encodeFrame(data(7)))];
    if (frame === undefined) throw new Error('no frame');
    const first = encodeFrame({ ...frame, stream: 8 });
    const second = encodeFrame({ ...frame, stream: 10 });
    expect(first.equals(encodeFrame(data(8)))).toBe(true);
    expect(second.equals(encodeFrame(data(10)))).toBe(true);
  });
});
