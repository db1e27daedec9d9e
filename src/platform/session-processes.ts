// Every process of an agent is born with the session's id in its environment. Where no sandbox takes the whole tree
// along, that mark finds what the agent left running: children that made sessions of their own, daemons.

import { readFileSync, readdirSync } from 'node:fs';

export const SESSION_MARK = 'TURRET_SESSION';

const ROUNDS_MAX = 20;

/** Kills every process that carries the mark. One that cleared its environment is not found. */
export function killMarked(sid: string): void {
  const mark = Buffer.from(`\0${SESSION_MARK}=${sid}\0`);
  // Again and again: a process may fork while we look.
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = processIds().filter((pid) => pid !== process.pid && environment(pid).includes(mark));
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // No /proc on this system.
    return [];
  }
}

function environment(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.from([0]), readFileSync(`/proc/${pid}/environ`)]);
  } catch {
    // Gone, or not ours.
    return Buffer.alloc(0);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
