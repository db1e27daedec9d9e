// Programs started from this thread, which keeps its rights: a small program gives them up and becomes the wanted one.
// That is a millisecond, where a thread of Node is longer in starting than all the rest of a session.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { nativeProgram } from '../installation.js';
import { PROBE_MS_MAX } from '../protocol/limits.js';
import type { LandlockSupport } from './landlock.js';
import { type LaunchEvent, type LaunchRequest, launch } from './launch.js';
import type { Launching } from './launcher.js';

const run = promisify(execFile);

/** Where it was compiled, or brought along; undefined elsewhere. */
export const findConfine = (): string | undefined => nativeProgram('confine');

export class LaunchHere implements Launching {
  readonly #confine: string;
  #release = (): void => {};

  /** @param confine absolute path of it */
  constructor(confine: string) {
    this.#confine = confine;
  }

  landlock(): Promise<LandlockSupport> {
    return askLandlock(this.#confine);
  }

  async launch(request: LaunchRequest, tell: (event: LaunchEvent) => void): Promise<void> {
    this.#release = launch({ ...request, command: [...this.#words(request), ...request.command] }, tell);
  }

  release(): void {
    this.#release();
  }

  end(): void {}

  #words({ landlock }: LaunchRequest): string[] {
    if (landlock === undefined) return [];
    const { connect } = landlock;
    const ports = connect?.length === 0 ? [0] : (connect ?? []);
    return [this.#confine, ...ports.flatMap((port) => ['--connect', `${port}`]), '--'];
  }
}

let asked: Promise<LandlockSupport> | undefined;

/** What of Landlock this kernel has. Asked once, and early, by whoever has something else to do meanwhile. */
export function askLandlock(confine: string): Promise<LandlockSupport> {
  asked ??= run(confine, ['--abi'], { env: {}, timeout: PROBE_MS_MAX }).then(
    ({ stdout }) => ({ abi: Number(stdout), problem: undefined }),
    ({ message }: Error) => ({ abi: 0, problem: `${confine} does not run here: ${message}` }),
  );
  return asked;
}
