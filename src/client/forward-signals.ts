// Signals are for the tool behind the call. The first ^C is a signal like any other; the second one cancels,
// because whoever types it has stopped believing in the first.

import { WriteStream, isatty } from 'node:tty';

import type { ClientCall } from './client-call.js';
import type { SignalName } from '../protocol/codes.js';
import { INTERRUPT_TWICE_MS } from '../protocol/limits.js';
import { dieBySignal } from './die.js';

const FORWARDED: readonly SignalName[] = ['TERM', 'HUP', 'QUIT', 'USR1', 'USR2'];

export class SignalForwarder {
  #call: ClientCall | undefined;
  #interruptedAtMs = -Infinity;

  constructor() {
    for (const name of FORWARDED) process.on(`SIG${name}`, () => this.#forward(name));
    process.on('SIGINT', () => this.#interrupt());
    // Not SIGWINCH: our listener could run before the one that reads the new size.
    terminalOfOurs()?.on('resize', () => this.#resize());
  }

  /** Signals are for this call until it is over. Without one, a signal does what it does to any process. */
  follow(call: ClientCall): void {
    this.#call = call;
    const over = (): void => {
      if (this.#call === call) this.#call = undefined;
    };
    call.finished.then(over, over);
  }

  #forward(name: SignalName): void {
    if (this.#call === undefined) dieBySignal(name);
    else this.#call.signal(name);
  }

  #interrupt(): void {
    const now = performance.now();
    if (this.#call === undefined || now - this.#interruptedAtMs > INTERRUPT_TWICE_MS) {
      this.#interruptedAtMs = now;
      return this.#forward('INT');
    }
    this.#call.cancel('interrupted twice');
    // By the signal and not by code: 130 for a shell either way, and a write that nobody reads cannot hold it up.
    setImmediate(() => dieBySignal('INT'));
  }

  #resize(): void {
    const size = windowSize();
    if (size !== undefined) this.#call?.resize(size);
  }
}

/** Of the terminal we write to, if there is one and it has a size. */
export function windowSize(): { cols: number; rows: number } | undefined {
  const [cols, rows] = terminalOfOurs()?.getWindowSize() ?? [0, 0];
  return cols > 0 && rows > 0 ? { cols, rows } : undefined;
}

// Looking at process.stdout is enough to make Node set up the descriptor; so only when it is a terminal.
function terminalOfOurs(): WriteStream | undefined {
  const terminal = isatty(1) ? process.stdout : isatty(2) ? process.stderr : undefined;
  return terminal instanceof WriteStream ? terminal : undefined;
}
