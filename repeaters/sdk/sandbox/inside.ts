// The processes of one sandbox, as seen from here: signals for the program, not for what keeps it shut in.

import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { SignalName } from '../../../src/protocol/codes.js';
import { CLI_START_POLL_MS } from '../../../src/protocol/limits.js';

/** What `--info-fd` says: the process id, here, of the first process inside. Rejects when the sandbox did not start. */
export function firstProcess(info: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    info.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
      const [, pid] = /"child-pid": *(\d+)\D/.exec(said) ?? [];
      if (pid !== undefined) resolve(Number(pid));
    });
    const fail = (): void => reject(new Error('the sandbox did not start'));
    info.once('error', fail);
    info.once('close', fail);
  });
}

/**
 * The session inside one sandbox. Its first process is bubblewrap's own, which the kernel keeps from dying of signals
 * as the init of its namespace, SIGKILL excepted: then everything inside dies.
 */
export class Inside {
  #leader: number | undefined;
  readonly #started: Promise<void>;
  #over = false;

  constructor(info: Readable) {
    this.#started = firstProcess(info).then(
      (pid) => {
        this.#leader = pid;
      },
      () => {}, // Its exit code and what it printed tell why.
    );
  }

  /** To the program and what it started. What comes before the program is there waits for it. */
  async signal(name: SignalName): Promise<void> {
    await this.#started;
    while (!this.#over && this.#leader !== undefined && !hasChildren(this.#leader))
      await new Promise((resolve) => setTimeout(resolve, CLI_START_POLL_MS));
    // The whole session: a negative number stands for a group, and this one leads it.
    if (this.#leader !== undefined) this.#send(-this.#leader, `SIG${name}`);
  }

  /** All of it. @returns false when it is not known yet which processes that are */
  kill(): boolean {
    if (this.#leader === undefined) return false;
    this.#send(this.#leader, 'SIGKILL');
    return true;
  }

  /**
   * When nothing of it is left. bubblewrap's outer process ends as soon as it knows how the program did, and what the
   * program left behind is ended a moment later; until then it could change files that we are looking at.
   */
  async gone(): Promise<void> {
    const leader = this.#leader;
    const started = leader === undefined ? undefined : startOf(leader);
    if (leader === undefined || started === undefined) return;
    const isThere = (): boolean => startOf(leader) === started;
    while (isThere()) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** The sandbox has ended: its numbers may be given to others. */
  over(): void {
    this.#over = true;
  }

  #send(pid: number, signal: NodeJS.Signals): void {
    if (this.#over) return;
    try {
      process.kill(pid, signal);
    } catch {
      // All of it has ended.
    }
  }
}

/** When it was started, which tells it from another with its number; undefined when it has ended. */
function startOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    // The kernel ends the first process of a namespace after all the others, and then somebody has to fetch it.
    return words[0] === 'Z' || words[0] === 'X' ? undefined : words[19];
  } catch {
    return undefined;
  }
}

function hasChildren(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '';
  } catch {
    // Ended, or a kernel that does not say: then now.
    return true;
  }
}
