// A repeater's way of running its CLI, in a process of its own, so that it can be done as another user: reads orders,
// prints results. Bundled and started by test/e2e/cli-sandbox.test.ts.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { runCli } from '../../repeaters/sdk/cli-process.js';
import { type PreparedCli, prepareCli, sandboxMode } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import type { SignalName } from '../../src/protocol/codes.js';
import type { TurretError } from '../../src/errors.js';

export interface Order {
  id: string;
  /** `bare`: as a repeater without a sandbox starts a program. The others are named after their injector. */
  how: 'bare' | 'unix' | 'tcp';
  /** `DOOR` stands for the port of the injector. */
  argv: string[];
  /** Private directory of the call. */
  place: string;
  signal?: { name: SignalName; when: 'at once' | 'ready' };
  stdin?: number;
  outputMax?: number;
  env?: Record<string, string>;
}

export interface Result {
  exit?: number;
  signal?: string;
  error?: string;
  /** Of stdout. */
  bytes: number;
  sha256: string;
  /** First 64 KiB of stdout, and stderr. */
  said: string;
  complained: string;
}

export interface Report {
  results: Record<string, Result>;
  /** Why there is no sandbox. */
  open: { unix?: string | undefined; tcp?: string | undefined };
}

const SAID_BYTES_MAX = 65_536;
const AT_ONCE = 3;

async function perform(order: Order, program: string, cli: PreparedCli | undefined): Promise<Result> {
  mkdirSync(order.place, { recursive: true });
  const abort = new AbortController();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const hash = createHash('sha256');
  const seen = { bytes: 0, said: '', complained: '' };
  let send: ((name: SignalName) => void) | undefined;
  stdout.on('data', (bytes: Buffer) => {
    hash.update(bytes);
    seen.bytes += bytes.length;
    if (seen.said.length < SAID_BYTES_MAX) seen.said += bytes.toString('latin1', 0, SAID_BYTES_MAX);
    if (order.signal?.when === 'ready' && seen.said === 'ready\n') send?.(order.signal.name);
  });
  stderr.on('data', (bytes: Buffer) => (seen.complained += bytes.toString('latin1')));
  const port =
    cli?.network === undefined ? '' : String(((await cli.network.door).address() as AddressInfo).port);
  const running = (async () =>
    runCli(
      {
        needs: { stdin: order.stdin !== undefined, files: [] },
        signal: abort.signal,
        stdin: Readable.from(blocks(order.stdin ?? 0)),
        stdout,
        stderr,
        onSignal: (listener) => {
          send = listener;
          if (order.signal?.when === 'at once') listener(order.signal.name);
        },
      },
      {
        path: program,
        argv: order.argv.map((word) => (word === 'DOOR' ? port : word)),
        cwd: order.place,
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...order.env },
        ...(cli === undefined ? {} : { confinement: cli.confine({ place: order.place }) }),
        ...(order.outputMax === undefined ? {} : { outputMax: order.outputMax }),
      },
    ))();
  const result = await running.catch((error: TurretError) => ({
    error: error.code,
    complained: error.message,
  }));
  return { ...seen, ...result, sha256: hash.digest('hex') };
}

function* blocks(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(1 << 20, 'z');
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, left);
}

const [program = '', ordersFile = '', mode = ''] = process.argv.slice(2);
const orders = JSON.parse(readFileSync(ordersFile, 'utf8')) as Order[];
const kind = {
  tool: 'hostile',
  product: 'it',
  version: /hostile\/(\d+\.\d+\.\d+)/,
  env: {},
  ownExits: [130],
};
const search = { configured: program, path: undefined };
const prepare = (injector: 'unix' | 'tcp'): Promise<PreparedCli> =>
  prepareCli({ ...kind, injector }, search, sandboxMode(mode));
const [unix, tcp] = await Promise.all([prepare('unix'), prepare('tcp')]);
const prepared = { bare: undefined, unix, tcp };
(await prepared.tcp.network?.door)?.on('connection', (socket) => socket.end('injector'));
const results: Record<string, Result> = {};
const waiting = orders.values();
const worker = async (): Promise<void> => {
  for (const order of waiting) results[order.id] = await perform(order, program, prepared[order.how]);
};
// As calls of a session do, they run at the same time.
await Promise.all(Array.from({ length: AT_ONCE }, worker));
const report: Report = { results, open: { unix: unix.open?.why, tcp: tcp.open?.why } };
process.stdout.write(JSON.stringify(report), () => process.exit(0));
