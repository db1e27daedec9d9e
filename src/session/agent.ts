// The agent's process: it gets the terminal as it is. What the terminal sends reaches it by itself, since it is in the
// same process group; what is sent to `turret run` alone is passed on.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Enclosure } from '../isolation/enclosure.js';
import type { Launched } from '../isolation/launcher.js';
import { callersUmask } from '../platform/preamble.js';
import { followStops, isForegroundJob } from './controlling-terminal.js';

export interface AgentExit {
  /** The agent's own, or 128 + signal. */
  code: number;
  signal: NodeJS.Signals | undefined;
}
export interface RunningAgent {
  /** Rejects with TurretError isolation_unavailable when it could not be started. */
  exit: Promise<AgentExit>;
  /** A signal that was sent to `turret run`. */
  pass(signal: NodeJS.Signals): void;
}
export interface AgentStart {
  enclosure: Enclosure;
  command: string[];
  env: Record<string, string>;
  /** Where the broker listens, when that is on loopback. */
  brokerPort: number | undefined;
  /** Told the agent's process namespace before anything of the command runs. */
  admit(pidNamespace: string | undefined): Promise<void>;
  /** The command runs now, and everything it sees is in its place. */
  running(): unknown;
}

const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const BIRTH_LOOK_MS = 5;

/** Starts it shut in, and follows it to its end. What could not be started is told by `exit`. */
export function startAgent(agent: AgentStart): RunningAgent {
  let launched: Launched | undefined;
  let over = false;
  const agentPid = (): number | undefined => {
    if (launched === undefined) return undefined;
    return launched.sandbox === undefined ? launched.pid : firstChildOf(launched.sandbox.init);
  };
  const unfollow = followStops(agentPid);
  const live = async (): Promise<AgentExit> => {
    try {
      launched = await start(agent);
      await agent.admit(launched.sandbox?.pidNamespace);
      await launched.release();
      agent.running();
      const { code, signal } = await launched.exit;
      return exitOf(code, signal);
    } finally {
      over = true;
      unfollow();
    }
  };
  return {
    exit: live(),
    pass: (signal) => {
      if (FROM_TERMINAL.includes(signal) && isForegroundJob()) return; // it has it already
      void deliver(signal, agentPid, () => over);
    },
  };
}

async function start({ enclosure, command, env, brokerPort }: AgentStart): Promise<Launched> {
  const run = {
    env,
    stdio: ['inherit', 'inherit', 'inherit'] as ['inherit', 'inherit', 'inherit'],
    ...(brokerPort === undefined ? {} : { brokerPort }),
  };
  // A child takes the mask of the moment it is started in. The agent's files are the user's: they get the modes that the
  // user's own commands would give them.
  const ours = process.umask(callersUmask);
  try {
    return await enclosure.launcher.start(enclosure.launch(command, run));
  } finally {
    process.umask(ours);
  }
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

function exitOf(exitCode: number | null, signal: NodeJS.Signals | null): AgentExit {
  if (signal !== null) return { code: 128 + constants.signals[signal], signal };
  return { code: exitCode ?? 125, signal: undefined };
}

// bubblewrap waits outside, its first process is an init inside, and that one's first child is the agent.
function firstChildOf(init: number): number | undefined {
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
