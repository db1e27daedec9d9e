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
/** Decided, recorded, answered: nothing runs. */
const DENIED = {
  action: 'loop.get_0',
  params: { bucket: 'team-x', key: 'reports/2026/11/23.csv' },
  cwd: '/',
};
/** The same, and a repeater performs it. */
const ALLOWED = { ...DENIED, params: { ...DENIED.params, bucket: 'team-0-x' } };

const WHY = `Of the broker's time for a call that is denied, 39 % is the check of its Ed25519 signature, and nothing else is done meanwhile; 16 % the record, of which every 64th has a checkpoint and an fdatasync before it: \
that is what the slowest in a hundred wait for; 8 % the sentence that says what is allowed instead; 4 % the policy; 4 % the system call of the answer; the rest reads and checks what was sent, in functions of which none has \
2 %. The echo is two system calls, 9 µs; the check alone took 125, or 80 with both processors at it. Tried: signatures on Node's thread pool, 0.050 instead of 0.030 and half the 99th percentile on two processors, but a call \
that comes alone, as those of agents do, takes 0.1 ms longer, and frames that wait for a signature are one more thing to get wrong in the part that has to be trusted; records encoded once instead of twice (kept). What it would \
take: signatures checked on other processors, and the rest in half the time.`;

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
    why: 'As for the calls a second: with ten connections a call waits for nine others.',
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
    const frames = this.#sockets.map(() => Array<Buffer>(CALLS / this.#sockets.length).fill(frame));
    return load(this.#sockets, frames, FRAME.CALL);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#process.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
