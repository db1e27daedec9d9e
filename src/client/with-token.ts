// One command with another token than ours: in TURRET_TOKEN, and in a directory of its own beside links to the shims, for the
// programs that lose variables of that name. This keeps apart who asks, by honest means: a command that looks for our own token
// finds it where it lies, as long as both see the same files (docs/tokens.md).

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';

import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { SIGNALS, type SignalName } from '../protocol/codes.js';
import { AGENT_DIRECTORY_VARIABLE } from './locate.js';

export interface CommandEnd {
  code: number;
  signal: SignalName | 'KILL' | undefined;
}

/** Runs it with our standard streams to its end. Throws command_not_found or command_not_executable. */
export async function runWithToken(
  command: string[],
  token: string,
  program: string | undefined,
): Promise<CommandEnd> {
  const directory = makeDirectory(token, program);
  try {
    const [file = '', ...args] = command;
    const env = {
      ...process.env,
      TURRET_TOKEN: token,
      [AGENT_DIRECTORY_VARIABLE]: directory,
      PATH: `${directory}/bin:${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
      BASH_ENV: join(directory, 'bash-env'),
    };
    const child = spawn(file, args, { stdio: 'inherit', env });
    passSignals(child);
    return await endOf(child, file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeDirectory(token: string, program: string | undefined): string {
  const directory = mkdtempSync(join(tmpdir(), 'turret-'));
  writeFileSync(join(directory, AGENT_FILES.token), token, { mode: 0o400 });
  writeFileSync(join(directory, 'bash-env'), 'PATH="${BASH_SOURCE[0]%/*}/bin:$PATH"\n');
  chmodSync(directory, 0o700);
  mkdirSync(join(directory, 'bin'));
  const shims = program === undefined ? undefined : dirname(program);
  for (const name of shims === undefined ? [] : shimsIn(shims))
    symlinkSync(join(shims as string, name), join(directory, 'bin', name));
  return directory;
}

// Beside a token a directory `bin` has the session's shims and nothing else; elsewhere we may lie in /usr/bin.
function shimsIn(directory: string): string[] {
  try {
    const isSession = readdirSync(dirname(directory)).includes(AGENT_FILES.token);
    return isSession ? readdirSync(directory) : [];
  } catch {
    // The command can call by its variable all the same.
    return [];
  }
}

// What is typed at the terminal reaches the command by itself.
function passSignals(child: ChildProcess): void {
  const atTerminal = isatty(0);
  for (const name of SIGNALS) {
    if (name === 'PIPE') continue;
    const typed = atTerminal && (name === 'INT' || name === 'QUIT');
    process.on(`SIG${name}`, () => void (typed || child.kill(`SIG${name}`)));
  }
}

function endOf(child: ChildProcess, file: string): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => reject(cannotStart(file, cause)));
    child.once('exit', (code, signal) => {
      if (signal === null) return resolve({ code: code ?? 125, signal: undefined });
      const name = ([...SIGNALS, 'KILL'] as const).find((known) => signal === `SIG${known}`);
      resolve({ code: 128 + constants.signals[signal], signal: name });
    });
  });
}

function cannotStart(file: string, cause: NodeJS.ErrnoException): TurretError {
  const missing = cause.code === 'ENOENT';
  return new TurretError(
    missing ? 'command_not_found' : 'command_not_executable',
    `${JSON.stringify(file)} ${missing ? 'was not found' : `cannot be started (${cause.code})`}`,
    { cause, hints: ['give the command a path, or one that is on PATH'] },
  );
}
