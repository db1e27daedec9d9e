// Which program the agent's command is, found before anything is started: 127 and 126 as a shell would say them.

import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { TurretError } from '../errors.js';
import { visible } from '../ui/visible.js';

/** As much of a first line as the kernel reads. */
const INTERPRETER_BYTES_MAX = 256;

/** Absolute path. Throws TurretError command_not_found or command_not_executable. */
export function findProgram(name: string, path: string, cwd: string): string {
  if (name === '')
    throw new TurretError('command_not_found', 'the command is empty', { hints: ['turret run -- COMMAND'] });
  if (name.includes('/')) return executable(isAbsolute(name) ? name : join(cwd, name), name);
  let unusable: string | undefined;
  for (const directory of path.split(':')) {
    const candidate = join(directory === '' ? cwd : directory, name);
    const what = kindOf(candidate);
    if (what === 'executable') return candidate;
    if (what === 'file') unusable ??= candidate;
  }
  if (unusable !== undefined) return executable(unusable, name);
  throw new TurretError('command_not_found', `command not found: ${visible(name)}`, {
    hints: ['is it installed, and on your PATH?'],
  });
}

function executable(path: string, name: string): string {
  const what = kindOf(path);
  const shown = visible(name);
  if (what === 'missing')
    throw new TurretError('command_not_found', `no such file: ${shown}`, { hints: ['check the path'] });
  if (what === 'directory') throw notExecutable(`${shown} is a directory`, 'name a program in it');
  if (what === 'file') throw notExecutable(`not an executable file: ${shown}`, `chmod +x ${shown}`);
  if (path.includes('='))
    throw notExecutable(
      `not an executable file: ${shown}`,
      'a path with "=" in it cannot be run in the sandbox; rename it',
    );
  const interpreter = interpreterOf(path);
  if (interpreter !== undefined && kindOf(interpreter) !== 'executable')
    throw notExecutable(
      `the interpreter of ${shown} is not there: ${visible(interpreter)}`,
      'install it, or correct the first line of the file',
    );
  return path;
}

function notExecutable(message: string, hint: string): TurretError {
  return new TurretError('command_not_executable', message, { hints: [hint] });
}

/** The absolute path in its first line, when it begins with `#!`. The kernel would name the script as what is missing. */
function interpreterOf(path: string): string | undefined {
  const head = Buffer.alloc(INTERPRETER_BYTES_MAX);
  try {
    const file = openSync(path, 'r');
    const length = readSync(file, head);
    closeSync(file);
    return /^#![ \t]*(\/[^ \t\r\n]*)[ \t\n]/.exec(head.toString('utf8', 0, length))?.[1];
  } catch {
    return undefined; // May be run, not read.
  }
}

function kindOf(path: string): 'executable' | 'file' | 'directory' | 'missing' {
  try {
    const found = statSync(realpathSync(path));
    if (found.isDirectory()) return 'directory';
    if (!found.isFile()) return 'file';
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'file' : 'missing';
  }
}
