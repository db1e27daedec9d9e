// What a session keeps in memory, as the kernel counts it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { FRAME } from '../../src/protocol/codes.js';
import { type BrokerSession, startBrokerSession } from '../helpers/broker-session.js';
import { descendants } from '../helpers/processes.js';
import { RawClient } from '../helpers/raw-client.js';
import { type GuardedWorld, startFakes, startGuarded } from './commands.js';
import type { Figure } from './figure.js';
import { type Sides, absolute } from './measure.js';

/** Nearly as many as a session may have. Those of the first make the process grow for good. */
const CONNECTIONS = 225;
const SESSIONS = 5;

export const figuresOfMemory: readonly Figure[] = [
  {
    name: 'G9-aws',
    title:
      'memory of broker and aws repeater after a call, its zygotes not counted / of a Node process that waits',
    goal: 3,
    stretch: 2.4,
    rounds: 10,
    open: () => besideNode(['aws', 's3', 'ls']),
  },
  {
    name: 'G9-gh',
    title: 'memory of broker and gh repeater after a call / of a Node process that waits',
    goal: 3,
    stretch: 2.4,
    rounds: 10,
    open: () => besideNode(['gh', 'pr', 'list', '-R', 'acme/app']),
  },
  {
    name: 'G9-idle',
    title: `memory of the broker for each of ${(SESSIONS - 1) * CONNECTIONS} connections that wait, beside ${CONNECTIONS} before them`,
    goal: 16,
    unit: 'KiB',
    rounds: 10,
    open: async () => absolute(idleConnections, async () => {}),
  },
];

/** Broker and repeaters of a session. */
export function brokerAndRepeaters({ pid }: GuardedWorld): number[] {
  return descendants(pid)
    .filter(({ command }) => /dist\/(?:src\/broker|repeaters\/\w+)\/main\.c?js/.test(command))
    .map((process) => process.pid);
}

/** A line of /proc/PID/status in KiB. */
export function memoryOf(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(String.raw`^${what}:\s+(\d+) kB$`, 'm').exec(status)?.[1]);
}

/** From now on VmHWM is the most it had since now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

async function besideNode(command: readonly string[]): Promise<Sides> {
  const fakes = await startFakes();
  return {
    async subject() {
      const session = await startGuarded({ aws: fakes.aws.url, gh: fakes.github.url });
      await session.time(command);
      const pids = brokerAndRepeaters(session);
      if (pids.length !== 2) throw new Error(`a broker and a repeater are two processes, not ${pids.length}`);
      const memory = pids.reduce((sum, pid) => sum + memoryOf(pid, 'VmRSS'), 0);
      await session.close();
      return memory;
    },
    async reference() {
      const child = await bareNode();
      const memory = memoryOf(child.pid ?? 0, 'VmRSS');
      child.kill();
      await once(child, 'close');
      return memory;
    },
    close: () => fakes.close(),
  };
}

/** One that has started and waits. */
async function bareNode(): Promise<ChildProcess> {
  const program = 'setInterval(() => {}, 1e6); process.stdout.write("here")';
  const child = spawn(process.execPath, ['-e', program], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('started without a pipe');
  await once(child.stdout, 'data');
  return child;
}

async function idleConnections(): Promise<number> {
  const session = await startBrokerSession({ holders: SESSIONS });
  const [warmUp = '', ...others] = session.tokens;
  const clients = await connected(session, warmUp);
  const pid = session.broker.pid ?? 0;
  const before = memoryOf(pid, 'VmRSS');
  for (const token of others) {
    // oxlint-disable-next-line no-await-in-loop -- a broker does not take them all at once
    clients.push(...(await connected(session, token)));
  }
  const grown = memoryOf(pid, 'VmRSS') - before;
  for (const { socket } of clients) socket.destroy();
  session.close();
  return grown / (CONNECTIONS * others.length);
}

async function connected({ agentDirectory }: BrokerSession, token: string): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let at = 0; at < CONNECTIONS; at += 1) {
    const client = new RawClient(path.join(agentDirectory, 'agent.sock'));
    clients.push(client);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await client.greet(token);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if ((await client.frame(FRAME.WELCOME)) === undefined) throw new Error('not let in');
  }
  return clients;
}
