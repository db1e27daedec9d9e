// Which program the agent's command is, found before anything is started: 127 and 126 as a shell would say them.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { TurretError } from '../errors.js';
import { visible } from '../ui/visible.js';

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
  if (what === 'missing')
    throw new TurretError('command_not_found', `no such file: ${visible(name)}`, {
      hints: ['check the path'],
    });
  if (what !== 'executable' || path.includes('=')) {
    throw new TurretError('command_not_executable', `not an executable file: ${visible(name)}`, {
      hints: [
        path.includes('=')
          ? 'a path with "=" in it cannot be run in the sandbox; rename it'
          : `chmod +x ${visible(name)}`,
      ],
    });
  }
  return path;
}

function kindOf(path: string): 'executable' | 'file' | 'missing' {
  try {
    if (!statSync(realpathSync(path)).isFile()) return 'file';
    accessSync(path, constants.X_OK);
    return 'executable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'file' : 'missing';
  }
}
