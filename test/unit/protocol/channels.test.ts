// Channels over a real socket pair: what one side writes is what the other reads, however the streams interleave, and
// never more than the credit is on its way.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import {
  assert as property,
  array,
  asyncProperty,
  constantFrom,
  integer,
  oneof as oneOf,
  record,
} from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Relay } from '../../../src/broker/relay.js';
import { FLAG, FRAME } from '../../../src/protocol/codes.js';
import type { Frame } from '../../../src/protocol/frames.js';
import { DATA_BYTES_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import { InboundChannel, OutboundChannel } from '../../../src/wire/channels.js';
import { readCredit } from '../../../src/wire/credit.js';
import { FrameSocket } from '../../../src/wire/frame-socket.js';
import { reread } from '../../../src/wire/reread.js';
import { socketPair } from '../../helpers/socket-pair.js';
import { bytes, codeOf, vectors } from './vectors.js';

const MEMORY = Buffer.allocUnsafeSlow(100_000);

/** Knows that its end has come before anybody has read that far. */
class WatchedChannel extends InboundChannel {
  inputEnded = false;

  override accept(payload: Uint8Array, fin: boolean): void {
    super.accept(payload, fin);
    this.inputEnded = fin;
  }
}

interface Ends {
  outbound(stream: number): OutboundChannel;
  inbound(stream: number): WatchedChannel;
  /** Bytes that are sent and for which no credit came back, the most there ever were. */
  inFlightMax(stream: number): number;
}

const CHANNEL_OF_TEST = 1;

async function connectedEnds(): Promise<Ends> {
  const { near, far, close } = await socketPair();
  onTestFinished(close);
  const outbound = new Map<number, OutboundChannel>();
  const inbound = new Map<number, WatchedChannel>();
  const flight = new Map<number, { now: number; max: number }>();
  const track = (stream: number, change: number): void => {
    const seen = flight.get(stream) ?? { now: 0, max: 0 };
    seen.now += change;
    seen.max = Math.max(seen.max, seen.now);
    flight.set(stream, seen);
  };
  const sender = new FrameSocket(reread(near, MEMORY), {
    frame: (frame) => {
      track(frame.stream, -readCredit(frame.payload));
      outbound.get(frame.stream)?.addCredit(frame.payload);
    },
    close: () => {},
  });
  const receiver = new FrameSocket(reread(far, MEMORY), {
    frame: (frame) => {
      track(frame.stream, frame.payload.length);
      inbound.get(frame.stream)?.accept(frame.payload, (frame.flags & FLAG.FIN) !== 0);
    },
    close: () => {},
  });
  for (const end of [sender, receiver]) {
    end.authenticated();
    end.sendPreface();
  }
  return {
    outbound: (stream) => {
      const channel = new OutboundChannel({ socket: sender, stream, channel: CHANNEL_OF_TEST });
      outbound.set(stream, channel);
      inbound.set(stream, new WatchedChannel({ socket: receiver, stream, channel: CHANNEL_OF_TEST }));
      return channel;
    },
    inbound: (stream) => inbound.get(stream) as WatchedChannel,
    inFlightMax: (stream) => flight.get(stream)?.max ?? 0,
  };
}

/** Bytes that differ with every stream and place, so that a swap shows. */
function bytesOf(stream: number, length: number): Buffer {
  const block = createHash('sha256').update(String(stream)).digest();
  const bytes = Buffer.alloc(length, block);
  for (let at = 0; at + 4 <= length; at += 4_096) bytes.writeUInt32BE(at, at);
  return bytes;
}

async function writeAll(channel: OutboundChannel, bytes: Buffer, step: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += step) {
    if (!channel.write(bytes.subarray(at, at + step))) await once(channel, 'drain');
  }
  channel.end();
}

type Reader = 'at once' | 'late' | 'slowly';

async function readAll(channel: WatchedChannel, how: Reader): Promise<Buffer> {
  // Late: nobody reads before the whole window, or all there is, has arrived.
  if (how === 'late') while (channel.readableLength < WINDOW_BYTES && !channel.inputEnded) await turn();
  const parts: Buffer[] = [];
  for await (const part of channel as AsyncIterable<Buffer>) {
    parts.push(part);
    if (how === 'slowly') for (let count = 0; count < 3; count += 1) await turn();
  }
  return Buffer.concat(parts);
}

describe('channels with credit', () => {
  it('give a reader that comes late every byte of more than two windows', async () => {
    const ends = await connectedEnds();
    const out = ends.outbound(2);
    const bytes = bytesOf(2, 2 * WINDOW_BYTES + 17);
    const written = writeAll(out, bytes, DATA_BYTES_MAX);
    const read = await readAll(ends.inbound(2), 'late');
    await written;
    expect(read.equals(bytes)).toBe(true);
    expect(ends.inFlightMax(2)).toBe(WINDOW_BYTES);
  });

  it('give every stream its own bytes, however many interleave and however they are read', async () => {
    const stream = record({
      length: oneOf(integer({ min: 0, max: 3 * WINDOW_BYTES }), constantFrom(WINDOW_BYTES, WINDOW_BYTES + 1)),
      step: constantFrom(1_000, 65_536, 100_000, 700_000),
      how: constantFrom<Reader>('at once', 'late', 'slowly'),
    });
    await property(
      asyncProperty(array(stream, { minLength: 1, maxLength: 6 }), async (streams) => {
        const ends = await connectedEnds();
        const results = streams.map(async ({ length, step, how }, index) => {
          const id = 2 + 2 * index;
          const [out, bytes] = [ends.outbound(id), bytesOf(id, length)];
          const [read] = await Promise.all([readAll(ends.inbound(id), how), writeAll(out, bytes, step)]);
          expect(read.equals(bytes)).toBe(true);
          expect(ends.inFlightMax(id)).toBeLessThanOrEqual(WINDOW_BYTES);
        });
        await Promise.all(results);
      }),
      { numRuns: 15 },
    );
  }, 30_000);

  it('let one stream that nobody reads hold up no other', async () => {
    const ends = await connectedEnds();
    const stuck = ends.outbound(2);
    stuck.write(bytesOf(2, 3 * WINDOW_BYTES));
    const out = ends.outbound(4);
    const bytes = bytesOf(4, 3 * WINDOW_BYTES);
    const [read] = await Promise.all([
      readAll(ends.inbound(4), 'at once'),
      writeAll(out, bytes, DATA_BYTES_MAX),
    ]);
    expect(read.equals(bytes)).toBe(true);
    expect(ends.inFlightMax(2)).toBe(WINDOW_BYTES);
    expect(ends.inbound(2).bytes).toBe(WINDOW_BYTES);
  });

  it('give credit back for bytes nobody will read, so that their sender can end', async () => {
    const ends = await connectedEnds();
    const out = ends.outbound(2);
    ends.inbound(2).destroy();
    await writeAll(out, bytesOf(2, 4 * WINDOW_BYTES), DATA_BYTES_MAX);
    await finished(out);
    expect(out.bytes).toBe(4 * WINDOW_BYTES);
  });
});

describe('credit', () => {
  const link = {
    socket: new FrameSocket(new PassThrough(), { frame: () => {}, close: () => {} }),
    stream: 2,
    channel: 1,
  };

  it.each(vectors.credit_given)('given: $name', ({ payloads, credit, error }) => {
    const out = new OutboundChannel(link);
    expect(codeOf(() => payloads.forEach((payload) => out.addCredit(bytes(payload))))).toBe(error);
    if (error !== undefined) return;
    const sum = payloads.reduce((total, payload) => total + readCredit(bytes(payload)), WINDOW_BYTES);
    expect(sum).toBe(credit);
  });

  it('passes through the broker as far as bytes were sent, and not a byte further', () => {
    const relay = new Relay([1]);
    const outlet = { send: () => {}, stream: 1 };
    const frame = { flags: 0, channel: 1, stream: 2 };
    const give = (bytesGiven: number): string | undefined => {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(bytesGiven);
      return codeOf(() => relay.addCredit({ ...frame, type: FRAME.CREDIT, payload }, outlet));
    };
    expect(give(1)).toBe('flow_control');
    relay.data({ ...frame, type: FRAME.DATA, payload: Buffer.alloc(DATA_BYTES_MAX) }, outlet);
    expect(give(DATA_BYTES_MAX)).toBeUndefined();
    expect(give(1)).toBe('flow_control');
  });

  it.each(vectors.credit_spent)('spent: $name', ({ sizes, error }) => {
    const relay = new Relay([1]);
    const outlet = { send: () => {}, stream: 1 };
    const frame = (size: number): Frame => ({
      type: FRAME.DATA,
      flags: 0,
      channel: 1,
      stream: 2,
      payload: Buffer.alloc(size),
    });
    expect(codeOf(() => sizes.forEach((size) => relay.data(frame(size), outlet)))).toBe(error);
    const inbound = new InboundChannel(link);
    expect(codeOf(() => sizes.forEach((size) => inbound.accept(Buffer.alloc(size), false)))).toBe(error);
  });

  it('is four bytes, and the window of the vectors is ours', () => {
    expect(codeOf(() => readCredit(Buffer.alloc(3, 1)))).toBe('protocol_error');
    expect(codeOf(() => readCredit(Buffer.alloc(5, 1)))).toBe('protocol_error');
    expect(vectors.window).toBe(WINDOW_BYTES);
  });

  it('is not needed for the end of a channel, which comes once', () => {
    const inbound = new InboundChannel(link);
    inbound.accept(Buffer.alloc(WINDOW_BYTES), false);
    inbound.accept(Buffer.alloc(0), true);
    expect(codeOf(() => inbound.accept(Buffer.alloc(0), true))).toBe('protocol_error');
  });
});
