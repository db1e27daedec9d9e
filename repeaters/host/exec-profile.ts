// Profile exec: one process per call. Params come on fd 3, secrets on fd 4, the caller's input on stdin; stdout and stderr
// are streamed, and the exit code ends the call.

import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TurretError } from '../../src/errors.js';
import type { Run, RunResult } from '../sdk/types.js';
import { Child } from './child.js';
import type { HostAction, HostConfig } from './host-config.js';
import type { Wanted } from './host.js';

const PARAMS_FD = 3;
const SECRETS_FD = 4;

interface ExecOptions extends Wanted {
  config: HostConfig;
  home: string;
  secrets: Record<string, string>;
}

/**
 * @throws TurretError `cancelled`, or `repeater_error` when the program cannot be started
 */
export async function runExec(
  run: Run,
  { config, home, secrets, action, params }: ExecOptions,
): Promise<RunResult> {
  if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
  const command = (action as HostAction).run ?? [...config.command, action.name];
  const child = new Child({
    command,
    directory: config.directory,
    home,
    stdio: [run.needs.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const { stdin, stdout, stderr, stdio } = child.process;
  const kill = (): void => child.kill('KILL');
  run.signal.addEventListener('abort', kill, { once: true });
  run.onSignal((signal) => child.kill(signal));
  try {
    hand(stdio[PARAMS_FD] as Writable, params);
    hand(stdio[SECRETS_FD] as Writable, secrets);
    feed(run.stdin, stdin);
    const [result] = await Promise.all([child.ended, drain(stdout, run.stdout), drain(stderr, run.stderr)]);
    if (run.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
    return result;
  } finally {
    run.signal.removeEventListener('abort', kill);
    kill();
  }
}

function hand(to: Writable, value: object): void {
  // A program that needs neither params nor secrets does not read them.
  to.on('error', () => to.destroy());
  to.end(`${JSON.stringify(value)}\n`);
}

function feed(from: Readable, to: Writable | null): void {
  if (to === null) return;
  // A program that does not read its input to the end is not in error; its exit code says how it went.
  pipeline(from, to).catch(() => to.destroy());
}

async function drain(from: Readable | null, to: Writable): Promise<void> {
  if (from === null) return;
  try {
    await pipeline(from, to, { end: false });
  } catch {
    // The reader is gone: the program gets SIGPIPE from its next write, as it would without us.
    from.destroy();
  }
}
