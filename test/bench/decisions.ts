// How many calls a broker decides on in a second, and how long the slowest wait for it, beside a process that sends back
// what it gets. Signatures are made before the clock starts: the caller's work is not the broker's.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import path from 'node:path';

import { FRAME } from '../../src/protocol/codes.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';
import { RawClient } from '../helpers/raw-client.js';
import type { Figure } from './figure.js';
import { type LoadResult, load, stopReading } from './load.js';
import type { Sides } from './measure.js';

const RULES = 200;
/** Rules of so many actions, as they come from files that people write. */
const ACTIONS = 20;
const CALLS = 2_000;
/** In about the same time: what the machine does meanwhile has to happen to both. */
const ECHOES = 20_000;
/** Decided, recorded, answered: nothing runs. */
const DENIED = {
  action: 'loop.get_0',
  params: { bucket: 'team-x', key: 'reports/2026/11/23.csv' },
  cwd: '/',
};
/** The same, and a repeater performs it. */
const ALLOWED = { ...DENIED, params: { ...DENIED.params, bucket: 'team-0-x' } };

const WHY = `The check of an Ed25519 signature alone is 105 µs of a processor, the echo of a call two system calls, 12 µs: on one processor that is 0.12 with nothing else done, and the prototype, which signed (40 µs) and did not check, \
had 0.10. Signatures of calls that wait together are therefore checked on Node's threads, and of the thread that decides none is left: of its time a fifth goes to the system call of the answer, a fifth to waking \
those threads (with two processors they, the caller and it take turns), 14 % to the record, 6 % to collecting garbage, 5 % to the policy, 4 % each to hashes and to what is said with a no; the rest reads and checks what was sent, in functions of which none \
has 2 %. Tried and kept, on a machine with other work: threads, 0.067 instead of 0.041 (a call that comes alone is checked where it was, so that it waits no longer); no wait for the disk before every 64th record's checkpoint; the sentence that says \
what is allowed instead kept for the next no; params and actions compiled once. Tried, and no better: 1, 2 and 3 threads instead of 4, a young generation of 4, 8 and 16 MiB instead of 2. What it would take: more than two processors, or a check of a signature that takes less.`;

const rate = ({ callsPerSecond }: LoadResult): number => callsPerSecond;
const slowest = ({ p99Ms }: LoadResult): number => p99Ms;

export const figuresOfDecisions: readonly Figure[] = [10, 100].flatMap((connections): Figure[] => [
  {
    name: `G6-${connections}`,
    title: `signed, decided (${RULES} rules), recorded calls a second, ${connections} connections / a Node process that echoes`,
    goal: 0.1,
    stretch: 0.15,
    better: 'more',
    why: WHY,
    open: () => opened({ connections, request: DENIED, told: rate }),
  },
  {
    name: `G6-p99-${connections}`,
    title: `their 99th percentile, ${connections} connections / that of the echo`,
    goal: 15,
    stretch: 8,
    why: 'As for the calls a second: with ten connections a call waits for nine others. No call waits for the disk because of a checkpoint any more, unless the disk cannot keep up.',
    open: () => opened({ connections, request: DENIED, told: slowest }),
  },
  {
    name: `G6-run-${connections}`,
    title: `the same calls a second, allowed and performed by a repeater, ${connections} connections / the echo`,
    goal: 0.1,
    better: 'more',
    why: 'As for calls that are denied, and a repeater that is told and answers.',
    open: () => opened({ connections, request: ALLOWED, told: rate }),
  },
]);

async function opened(options: {
  connections: number;
  request: object;
  told: (result: LoadResult) => number;
}): Promise<Sides> {
  const callers = await Callers.start(options.connections);
  const echo = await Echo.start(options.connections);
  const [frame = Buffer.alloc(0)] = callers.frames(1, options.request).flat();
  return {
    subject: async () => options.told(await callers.call(options.request)),
    reference: async () => options.told(await echo.call(frame)),
    async close() {
      callers.close();
      echo.close();
    },
  };
}

/** Connections to a real broker, authenticated. */
class Callers {
  readonly #session: BrokerSession;
  readonly #clients: readonly RawClient[];
  #counter = 0;

  private constructor(session: BrokerSession, clients: readonly RawClient[]) {
    this.#session = session;
    this.#clients = clients;
  }

  static async start(count: number): Promise<Callers> {
    const rules = Array.from({ length: RULES }, (_, at) => ({
      id: `rule-${at}`,
      effect: 'allow',
      actions: [`loop.get_${at % ACTIONS}`],
      except: [],
      where: { bucket: { glob: [`team-${at}-*`] } },
      layer: 'user',
    }));
    const session = await startBrokerSession({ rules, repeater: 'test/fixtures/repeater-bench.mjs' });
    const clients: RawClient[] = [];
    for (let at = 0; at < count; at += 1) {
      const client = new RawClient(path.join(session.agentDirectory, 'agent.sock'));
      clients.push(client);
      // oxlint-disable-next-line no-await-in-loop -- a broker does not take them all at once
      await client.greet(session.token);
      // oxlint-disable-next-line no-await-in-loop -- as above
      if ((await client.frame(FRAME.WELCOME)) === undefined) throw new Error('not let in');
      stopReading(client.socket);
    }
    return new Callers(session, clients);
  }

  /** Each frame is good once. */
  frames(calls: number, request: object): Buffer[][] {
    const from = this.#counter;
    this.#counter += calls;
    return this.#clients.map((client) =>
      Array.from({ length: calls }, (_, at) => {
        const counter = from + at;
        return client.encodeCall(2 * counter + 1, BigInt(counter + 1), request);
      }),
    );
  }

  call(request: object): Promise<LoadResult> {
    const sockets = this.#clients.map(({ socket }) => socket);
    return load(sockets, this.frames(CALLS / sockets.length, request), FRAME.END);
  }

  close(): void {
    for (const { socket } of this.#clients) socket.destroy();
    this.#session.close();
  }
}

const ECHO = `require('node:net').createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)).on('error', () => {})).listen(process.argv[1], () => console.log())`;

/** As many connections to a process that does nothing else. */
class Echo {
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #sockets: readonly Socket[];

  private constructor(directory: string, server: ChildProcess, sockets: readonly Socket[]) {
    this.#directory = directory;
    this.#process = server;
    this.#sockets = sockets;
  }

  static async start(count: number): Promise<Echo> {
    const directory = mkdtempSync('/tmp/tbe-');
    const address = path.join(directory, 'echo.sock');
    const server = spawn(process.execPath, ['-e', ECHO, address], {
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (server.stdout === null) throw new Error('started without a pipe');
    await once(server.stdout, 'data');
    const sockets = Array.from({ length: count }, () => connect({ path: address }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) stopReading(socket);
    return new Echo(directory, server, sockets);
  }

  call(frame: Buffer): Promise<LoadResult> {
    const frames = this.#sockets.map(() => Array<Buffer>(ECHOES / this.#sockets.length).fill(frame));
    return load(this.#sockets, frames, FRAME.CALL);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#process.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
