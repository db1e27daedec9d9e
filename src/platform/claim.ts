// Who is at work in a place that takes only one: a file with the process id and start time, so that what a killed process
// left behind is nobody's.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';

import { TurretError } from '../errors.js';
import { withLock } from './lock-file.js';
import { isAlive, startTicks } from './process-alive.js';

/** The process that lives and has this place. */
export function claimant(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    // Nobody ever had it, or whoever had it left.
    return undefined;
  }
  const [, pid, ticks] = /^(\d+) (\S+)\n$/.exec(text) ?? [];
  const lives = pid !== undefined && isAlive(Number(pid), ticks === '-' ? undefined : ticks);
  return lives ? Number(pid) : undefined;
}

/** Takes the place, until `release` or our end. Throws TurretError state_unwritable that names whoever has it. */
export function claim(file: string, what: string): void {
  withLock(`${file}.lock`, () => {
    const pid = claimant(file);
    if (pid !== undefined && pid !== process.pid)
      throw new TurretError(
        'state_unwritable',
        `${what} is in use by the turret serve with process id ${pid}`,
        {
          hints: ['stop that one, or give this one a place of its own: --socket, XDG_STATE_HOME'],
        },
      );
    writeFileSync(file, `${process.pid} ${startTicks(process.pid) ?? '-'}\n`, { mode: 0o600 });
  });
}

/** Gives it back, when it is ours. */
export function release(file: string): void {
  if (claimant(file) === process.pid) rmSync(file, { force: true });
}
