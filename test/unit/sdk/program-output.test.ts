// What a program of a call prints, on its way into frames: read into the same memory over and over.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../repeaters/sdk/cli-process.js';
import type { RunResult } from '../../../repeaters/sdk/types.js';
import { CHANNEL, FLAG } from '../../../src/protocol/codes.js';
import { InboundChannel, OutboundChannel } from '../../../src/wire/channels.js';
import { FrameSocket } from '../../../src/wire/frame-socket.js';
import { reread } from '../../../src/wire/reread.js';
import { socketPair } from '../../helpers/socket-pair.js';

interface Output {
  /** Where what the program prints goes in, and where its caller reads it. */
  stdout: { into: OutboundChannel; from: InboundChannel };
  stderr: { into: OutboundChannel; from: InboundChannel };
}

async function channels(): Promise<Output> {
  const { near, far, close } = await socketPair();
  onTestFinished(close);
  const memory = Buffer.allocUnsafeSlow(100_000);
  const sender: FrameSocket = new FrameSocket(reread(near, memory), {
    frame: ({ channel, payload }) => ends(channel).into.addCredit(payload),
    close: () => {},
  });
  const receiver: FrameSocket = new FrameSocket(reread(far, memory), {
    frame: ({ channel, flags, payload }) => ends(channel).from.accept(payload, (flags & FLAG.FIN) !== 0),
    close: () => {},
  });
  const made = (channel: number): Output['stdout'] => ({
    into: new OutboundChannel({ socket: sender, stream: 2, channel }),
    from: new InboundChannel({ socket: receiver, stream: 2, channel }),
  });
  const output = { stdout: made(CHANNEL.STDOUT), stderr: made(CHANNEL.STDERR) };
  const ends = (channel: number): Output['stdout'] =>
    channel === CHANNEL.STDOUT ? output.stdout : output.stderr;
  for (const end of [sender, receiver]) {
    end.authenticated();
    end.sendPreface();
  }
  return output;
}

function run(script: string, { stdout, stderr }: Output, stdin?: Readable): Promise<RunResult> {
  return runCli(
    {
      needs: { stdin: stdin !== undefined, files: [] },
      signal: new AbortController().signal,
      stdin: stdin ?? Readable.from([]),
      stdout: stdout.into,
      stderr: stderr.into,
      onSignal: () => {},
    },
    { path: '/bin/sh', argv: ['-c', script], cwd: '/', env: { PATH: '/usr/bin:/bin' } },
  ).finally(() => [stdout, stderr].forEach(({ into }) => into.end()));
}

/** Never the same twice, so that what is overwritten or comes twice shows. */
function* numbers(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(1 << 20);
  for (let at = 0; at < bytes; at += block.length) {
    for (let word = 0; word < block.length; word += 4) block.writeUInt32BE((at + word) >>> 0, word);
    yield Buffer.from(block);
  }
}

async function digest(
  from: AsyncIterable<Buffer>,
  eachMs?: number,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let rested = 0;
  for await (const piece of from) {
    hash.update(piece);
    bytes += piece.length;
    if (eachMs !== undefined && bytes - rested > 1 << 20) {
      rested = bytes;
      await sleep(eachMs);
    }
  }
  return { bytes, sha256: hash.digest('hex') };
}

it('arrives unchanged, 64 MiB in and out, and on the other stream, which is read slowly', async () => {
  const expected = await digest(Readable.from(numbers(64 << 20)));
  const counted = await digest(spawn('seq', ['2000000'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
  const output = await channels();
  const [result, out, errors] = await Promise.all([
    run('seq 2000000 >&2 & cat; wait', output, Readable.from(numbers(64 << 20))),
    digest(output.stdout.from),
    digest(output.stderr.from, 3),
  ]);
  expect({ result, out, errors }).toEqual({ result: { exit: 0 }, out: expected, errors: counted });
});

it('that nobody takes any more ends the program by SIGPIPE, and leaves the next one’s as it is', async () => {
  const output = await channels();
  // Small pieces: a write that nobody has read when the reader goes ends as a reset connection, the next one by SIGPIPE.
  const ended = run('head -c 200000 /dev/zero >&2; while :; do echo x; sleep 0.02; done', output);
  await new Promise((resolve) => output.stdout.from.once('data', resolve));
  output.stdout.into.destroy();
  expect(await ended).toEqual({ exit: 141, signal: 'PIPE' });
  const next = await channels();
  const expected = await digest(Readable.from(numbers(3 << 20)));
  const [out] = await Promise.all([
    digest(next.stdout.from),
    run('cat', next, Readable.from(numbers(3 << 20))),
  ]);
  expect(out).toEqual(expected);
  // What the first one had waiting for a reader is still what it wrote.
  expect((await digest(output.stderr.from)).bytes).toBe(200_000);
});
