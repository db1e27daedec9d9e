// The agent's process: it gets the terminal as it is. What the terminal sends reaches it by itself, since it is in the
// same process group; what is sent to `turret run` alone is passed on.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { execa } from 'execa';

import type { Enclosure } from '../isolation/isolation.js';
import { callersUmask } from '../platform/preamble.js';
import { followStops, isForegroundJob } from './controlling-terminal.js';

export interface AgentExit {
  /** The agent's own, or 128 + signal. */
  code: number;
  signal: NodeJS.Signals | undefined;
}
export interface RunningAgent {
  exit: Promise<AgentExit>;
  /** A signal that was sent to `turret run`. */
  pass(signal: NodeJS.Signals): void;
}

const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const BIRTH_LOOK_MS = 5;

export function startAgent(agent: {
  enclosure: Enclosure;
  command: string[];
  env: Record<string, string>;
}): RunningAgent {
  const { prefix, infoFd } = agent.enclosure;
  const [file = '', ...args] = [...prefix, ...agent.command];
  // A child takes the mask of the moment it is started in. The agent's files are the user's: they get the modes that the
  // user's own commands would give them.
  const ours = process.umask(callersUmask);
  const child = execa(file, args, {
    env: agent.env,
    extendEnv: false,
    stdio: ['inherit', 'inherit', 'inherit', ...(infoFd === undefined ? [] : ['pipe' as const])],
    reject: false,
    buffer: false,
    cleanup: false,
    stripFinalNewline: false,
  });
  process.umask(ours);
  let over = false;
  let info = '';
  const [, , , infoPipe] = child.stdio as (Readable | null | undefined)[];
  infoPipe?.on('data', (chunk: Buffer) => {
    info += chunk.toString();
  });
  const agentPid = () => (infoFd === undefined ? child.pid : pidInSandbox(info));
  const unfollow = followStops(agentPid);
  const exit = child.then((result) => {
    over = true;
    unfollow();
    return exitOf(result.exitCode, result.signal);
  });
  return {
    exit,
    pass: (signal) => {
      if (FROM_TERMINAL.includes(signal) && isForegroundJob()) return; // it has it already
      void deliver(signal, agentPid, () => over);
    },
  };
}

// A signal that comes while the sandbox is still being made is for the agent all the same.
async function deliver(
  signal: NodeJS.Signals,
  agentPid: () => number | undefined,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const pid = agentPid();
    if (pid !== undefined) return kill(pid, signal);
    await sleep(BIRTH_LOOK_MS);
  }
}

function exitOf(exitCode: number | undefined, signal: NodeJS.Signals | undefined): AgentExit {
  if (signal !== undefined) return { code: 128 + constants.signals[signal], signal };
  return { code: exitCode ?? 125, signal: undefined };
}

// bubblewrap waits outside, its first process is an init inside, and that one's first child is the agent.
function pidInSandbox(info: string): number | undefined {
  const init = /"child-pid":\s*(\d+)/.exec(info)?.[1];
  if (init === undefined) return undefined;
  try {
    const [first = ''] = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ');
    return first === '' ? undefined : Number(first);
  } catch {
    // It is gone already.
    return undefined;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in this very moment.
  }
}
