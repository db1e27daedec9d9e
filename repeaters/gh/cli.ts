// Which gh is the real one, and may it be used.

import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { TurretError } from '../../src/errors.js';
import { CLI_ANSWER_MS_MAX } from '../../src/protocol/limits.js';
import { compareVersions, parseVersion } from './tables.js';

const MINIMUM = [2, 23, 0] as const;
/** Version managers put scripts there that obey files of the current directory. */
const SHIMS = /(?:^|\/)(?:\.?asdf|\.?mise|\.pyenv|\.nodenv|\.volta|shims|\.turret)(?:\/|$)/;

/**
 * The absolute path of gh.
 * @param wanted `cli:` of the configuration
 * @throws TurretError `repeater_unavailable` when there is none
 */
export function findGh({ wanted, path }: { wanted: string | undefined; path: string }): string {
  const hint = 'install gh, or set cli: to its absolute path in turret.yaml';
  if (wanted !== undefined) {
    if (isAbsolute(wanted) && isProgram(wanted)) return realpathSync(wanted);
    throw new TurretError('repeater_unavailable', `${JSON.stringify(wanted)} is not a program`, {
      hints: [hint],
    });
  }
  for (const directory of path.split(':')) {
    const file = join(directory, 'gh');
    if (!isAbsolute(directory) || SHIMS.test(directory) || !isProgram(file)) continue;
    const real = realpathSync(file);
    if (!SHIMS.test(real)) return real;
  }
  throw new TurretError('repeater_unavailable', 'gh was not found', { hints: [hint] });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not for this user: the next directory.
    return false;
  }
}

/** @throws TurretError `repeater_unavailable` for a gh older than 2.23, which cannot be led to the injector */
export async function readVersion(gh: string): Promise<string> {
  const { stdout } = await promisify(execFile)(gh, ['--version'], {
    env: { GH_NO_UPDATE_NOTIFIER: '1', GH_CONFIG_DIR: '/nonexistent', HOME: '/nonexistent' },
    timeout: CLI_ANSWER_MS_MAX,
    cwd: '/',
  });
  const version = parseVersion(stdout);
  if (compareVersions(version, MINIMUM) < 0) {
    throw new TurretError('repeater_unavailable', `gh ${version.join('.')} is too old`, {
      hints: [`install gh ${MINIMUM.join('.')} or newer`],
    });
  }
  return version.join('.');
}
