// The end of a process that was a call, as its parent sees it.

import { constants } from 'node:os';

import { isHeldUp } from './output.js';
import { removeUnfinished } from './receive-files.js';
import type { SignalName } from '../protocol/codes.js';

/** Node answers USR1 with its inspector, and QUIT leaves a core file that would hold the token. */
const BY_EXIT_CODE: ReadonlySet<string> = new Set(['USR1', 'QUIT']);

/** Ends this process by the signal itself, so that a shell sees 128+n and a loop in it stops on ^C. */
export function dieBySignal(name: SignalName | 'KILL'): void {
  removeUnfinished();
  const signal = `SIG${name}` as const;
  const code = 128 + constants.signals[signal];
  if (BY_EXIT_CODE.has(name)) return exit(code);
  if (name !== 'KILL') {
    // Adding a listener and taking it away again restores the default, also for SIGPIPE, which Node ignores from birth.
    process.on(signal, () => {});
    process.removeAllListeners(signal);
  }
  process.kill(process.pid, signal);
  // Blocked by whoever started us.
  setTimeout(() => process.exit(code), 200);
}

/** With this code, if whoever reads our output lets us. One who has stopped reading sees us killed: to wait for them could be for ever. */
export function exit(code: number): void {
  removeUnfinished();
  if (isHeldUp()) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}
