// The agent's process: it gets the terminal as it is. Signals of the terminal reach it by themselves, since it is in the
// same process group; what is sent to `turret run` alone is passed on.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

import { execa } from 'execa';

import type { Enclosure } from '../isolation/isolation.js';

export interface AgentExit {
  /** The agent's own, or 128 + signal. */
  code: number;
  signal: NodeJS.Signals | undefined;
}

const TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
const SENT = ['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;

export async function runAgent(agent: { enclosure: Enclosure; command: string[]; env: Record<string, string> }): Promise<AgentExit> {
  const [file = '', ...args] = [...agent.enclosure.prefix, ...agent.command];
  const child = execa(file, args, {
    env: agent.env,
    extendEnv: false,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    reject: false,
    buffer: false,
    cleanup: false,
    stripFinalNewline: false,
  });
  let sandboxPid: number | undefined;
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    const found = /"child-pid":\s*(\d+)/.exec(chunk.toString());
    if (found !== null) sandboxPid = Number(found[1]);
  });
  const pass = (signal: NodeJS.Signals) => {
    kill(agentPid(child.pid, agent.enclosure, sandboxPid), signal);
  };
  const fromTerminal = (signal: NodeJS.Signals) => {
    // A terminal sends ^C to the whole group: the agent has it already.
    if (process.stdin.isTTY !== true) pass(signal);
  };
  for (const signal of TERMINAL) process.on(signal, fromTerminal);
  for (const signal of SENT) process.on(signal, pass);
  const result = await child;
  for (const signal of TERMINAL) process.off(signal, fromTerminal);
  for (const signal of SENT) process.off(signal, pass);
  return exitOf(result.exitCode, result.signal);
}

function exitOf(exitCode: number | undefined, signal: NodeJS.Signals | undefined): AgentExit {
  if (signal !== undefined) return { code: 128 + constants.signals[signal], signal };
  return { code: exitCode ?? 125, signal: undefined };
}

// bubblewrap waits outside, its first process is an init inside, and that one's child is the agent.
function agentPid(pid: number | undefined, enclosure: Enclosure, sandboxPid: number | undefined): number | undefined {
  if (enclosure.infoFd === undefined) return pid;
  if (sandboxPid === undefined) return undefined;
  try {
    const [first] = readFileSync(`/proc/${sandboxPid}/task/${sandboxPid}/children`, 'utf8').trim().split(' ');
    return first === undefined || first === '' ? sandboxPid : Number(first);
  } catch {
    // It is gone already.
    return undefined;
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // It ended in this very moment.
  }
}
