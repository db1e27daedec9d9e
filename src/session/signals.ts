// What is sent to `turret run`. It listens from its first moment to its last: an unheard signal would end it on the
// spot and leave sockets, a token and an agent behind. Who is meant changes as the session goes on.

const HEARD = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;
export type HeardSignal = (typeof HEARD)[number];

export class Signals {
  #handle: (signal: HeardSignal) => void;

  constructor(handle: (signal: HeardSignal) => void) {
    this.#handle = handle;
    for (const signal of HEARD) process.on(signal, () => this.#handle(signal));
  }

  /** From now on they are for somebody else. */
  to(handle: (signal: HeardSignal) => void): void {
    this.#handle = handle;
  }
}
