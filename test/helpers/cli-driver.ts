// A repeater's way of running its CLI, in a process of its own, so that it can be done as another user: reads orders,
// prints results. Bundled and started by test/e2e/cli-sandbox.test.ts.

import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { runCli } from '../../repeaters/sdk/cli-process.js';
import { type Streams, attend } from '../../repeaters/sdk/running-program.js';
import { type WaitingRequest, WaitingSandbox } from '../../repeaters/sdk/sandbox/waiting-sandbox.js';
import { type PreparedCli, prepareCli, sandboxMode } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import { pythonOf } from '../../repeaters/sdk/sandbox/program-files.js';
import type { RunResult } from '../../repeaters/sdk/types.js';
import { WarmCli } from '../../repeaters/sdk/zygote/warm-cli.js';
import type { SignalName } from '../../src/protocol/codes.js';
import type { TurretError } from '../../src/errors.js';

export interface Order {
  id: string;
  /** `bare`: as a repeater without a sandbox starts a program. `zygote`: in a fork. `waiting`: as `unix`, in a sandbox made before. The others are named after their injector. */
  how: 'bare' | 'unix' | 'waiting' | 'tcp' | 'zygote';
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
  /** Processes with the name that the order's last word gave one, when it has ended. */
  left: string[];
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
  /** What was said of the zygote. */
  warm: string[];
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
  const streams: Streams = {
    needs: { stdin: order.stdin !== undefined, files: [] },
    signal: abort.signal,
    stdin: Readable.from(blocks(order.stdin ?? 0)),
    stdout,
    stderr,
    onSignal: (listener) => {
      send = listener;
      if (order.signal?.when === 'at once') listener(order.signal.name);
    },
  };
  const argv = order.argv.map((word) => (word === 'DOOR' ? port : word));
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...order.env };
  const running = (async () =>
    order.how === 'zygote'
      ? runFork(streams, { argv, env }, order)
      : order.how === 'waiting'
        ? runInWaiting(streams, { path: program, argv, cwd: order.place, env }, order)
        : runCli(streams, {
            path: program,
            argv,
            cwd: order.place,
            env,
            ...(cli === undefined ? {} : { confinement: cli.confine({ place: order.place }) }),
            ...(order.outputMax === undefined ? {} : { outputMax: order.outputMax }),
          }))();
  const result = await running.catch((error: TurretError) => ({
    error: error.code,
    complained: error.message,
  }));
  return { ...seen, ...result, left: processesNamed(order.argv[2]), sha256: hash.digest('hex') };
}

function processesNamed(name: string | undefined): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'latin1') === `${name}\n`;
    } catch {
      return false; // No process, or it has ended.
    }
  });
}

async function runInWaiting(
  streams: Streams,
  request: WaitingRequest,
  { place, outputMax }: Order,
): Promise<RunResult> {
  const sandbox = await WaitingSandbox.made(
    unix.confine({ place }),
    openSync(join(dirname(program), 'await-call'), 'r'),
  );
  const started = await sandbox.start(request);
  if (started === undefined) throw new Error('it does not wait');
  return attend(streams, () => started, outputMax);
}

/** In the place of the order, as far as can be seen afterwards. */
async function runFork(
  streams: Streams,
  { argv, env }: { argv: string[]; env: Record<string, string> },
  { place, outputMax }: Order,
): Promise<RunResult> {
  const fork = await warm?.take();
  if (fork === undefined) throw new Error('there is no fork');
  try {
    const words = argv.map((word) => word.replace(place, fork.inside));
    const request = { argv: words, env, cwd: fork.inside, stdin: streams.needs.stdin };
    return await attend(streams, () => fork.start(request), outputMax);
  } finally {
    fork.discard();
    rmSync(place, { recursive: true });
    renameSync(fork.place, place);
  }
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
const said: string[] = [];
let warm: WarmCli | undefined;
const [unix, tcp] = await Promise.all([
  prepareCli({ ...kind, injector: 'unix' }, search, sandboxMode(mode)),
  prepareCli({ ...kind, injector: 'tcp' }, search, sandboxMode(mode), (sandbox, entry) => {
    const script = join(dirname(entry), 'zygote.py');
    // The same directory as all other places.
    const calls = realpathSync(dirname(orders[0]?.place ?? ''));
    const confinement = sandbox.confineForks({ calls, readable: [script] });
    const python = pythonOf(entry, '/usr/bin:/bin');
    if (confinement === undefined || python === undefined) return;
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };
    const how = { confinement, script, python, entry, warm: undefined, env };
    const makePlace = async (path: string): Promise<void> => {
      await mkdir(path);
    };
    const say = (line: string): void => void said.push(line);
    warm = new WarmCli({ ...how, calls, makePlace, say });
  }),
]);
const prepared = { bare: undefined, unix, waiting: unix, tcp, zygote: tcp };
(await prepared.tcp.network?.door)?.on('connection', (socket) => socket.end('injector'));
const results: Record<string, Result> = {};
const waiting = orders.values();
const worker = async (): Promise<void> => {
  for (const order of waiting) results[order.id] = await perform(order, program, prepared[order.how]);
};
// As calls of a session do, they run at the same time.
await Promise.all(Array.from({ length: AT_ONCE }, worker));
const report: Report = { results, open: { unix: unix.open?.why, tcp: tcp.open?.why }, warm: said };
process.stdout.write(JSON.stringify(report), () => process.exit(0));
