// How the agent is shut in, behind one interface: ask for a mode, get the command that runs the agent's command.

import { existsSync } from 'node:fs';

import { TurretError } from '../errors.js';
import { type BubblewrapRequest, bubblewrapCommand } from './bubblewrap.js';
import { findBubblewrap, probe } from './probe.js';

export type Level = 'strict' | 'namespaced' | 'none';

export interface Enclosure {
  level: Level;
  /** What the agent's command is started with; the command follows. */
  prefix: string[];
  /** Where the agent's directory of Turret is, as the agent sees it. */
  agentDirectory: string;
  /** The prefix reports the sandbox's first process on this descriptor. */
  infoFd: number | undefined;
  /** One honest line: what is stopped and what is not. */
  line: string;
}

const SETPRIV = '/usr/bin/setpriv';
export const AGENT_DIRECTORY_INSIDE = '/run/turret';

/**
 * Finds out by doing: runs the real profile with `true` before it promises anything. Throws TurretError
 * isolation_unavailable; it never falls to `none` by itself.
 */
export async function enclose(
  mode: 'auto' | 'strict' | 'none',
  request: Omit<BubblewrapRequest, 'strict'>,
): Promise<Enclosure> {
  if (mode === 'none') {
    return {
      level: 'none',
      prefix: dyingWithParent(),
      agentDirectory: request.agentDirectory,
      infoFd: undefined,
      line: 'isolation none: the environment is scrubbed, but an agent that tries can read your keys',
    };
  }
  const strict = mode === 'strict';
  const bubblewrap = findBubblewrap();
  if (bubblewrap === undefined)
    throw unavailable(
      'bubblewrap is not installed',
      "apt-get install bubblewrap (or your distribution's package)",
    );
  const prefix = bubblewrapCommand(bubblewrap, { ...request, strict });
  const problem = await probe(prefix, request.env);
  if (problem !== undefined) throw unavailable(problem.message, problem.hint);
  const network = strict ? 'and the network' : 'are hidden; the network is open';
  return {
    level: strict ? 'strict' : 'namespaced',
    prefix,
    agentDirectory: AGENT_DIRECTORY_INSIDE,
    infoFd: INFO_FD,
    line: `isolation ${strict ? 'strict' : 'namespaced'}: home, other processes and other sockets ${network}${strict ? ' are hidden' : ''}`,
  };
}

export const INFO_FD = 3;

/** What to start a program with that must not outlive this process, however that ends. Nothing where the system cannot do it. */
export function dyingWithParent(): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
}

function unavailable(message: string, hint: string): TurretError {
  return new TurretError(
    'isolation_unavailable',
    `the agent cannot be isolated on this machine: ${message}`,
    {
      hints: [hint, 'or accept the risk: --isolation=none (the agent can then read your keys if it tries)'],
    },
  );
}
