// Is this still the process it was? A process id alone is used again; with its start time it is not.

import { readFileSync } from 'node:fs';

/** Start time of a process in clock ticks since boot, as Linux tells it; undefined elsewhere and for a process that is gone. */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, spaces and parentheses included. starttime is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    // No such process, or no /proc.
    return undefined;
  }
}

/** Whether this very process runs: with `ticks` (startTicks when it was noted) no later one of the same number is taken for it. */
export function isAlive(pid: number, ticks: string | undefined): boolean {
  if (ticks !== undefined) return startTicks(pid) === ticks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
