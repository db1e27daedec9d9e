// Which `aws` is the real one. Not a version manager's shim: those obey a file in the working directory, which is the
// agent's (seen with pyenv and `.python-version`).

import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { TurretError } from '../../src/errors.js';

export interface InstalledCli {
  /** Absolute. */
  path: string;
  /** `2.9.19` */
  version: string;
}

export interface CliSearch {
  /** `cli:` of the configuration. */
  configured: string | undefined;
  /** PATH of the user. */
  path: string | undefined;
  /** HOME of the user. */
  home: string | undefined;
}

const VERSION_MS_MAX = 20_000;
const versions = new Map<string, Promise<string>>();

/**
 * The real aws and its version.
 * @throws TurretError `repeater_error` with hints when there is none, or it does not say its version
 */
export async function findCli(search: CliSearch): Promise<InstalledCli> {
  const path =
    search.configured === undefined ? await findOnPath(search) : await checkConfigured(search.configured);
  return { path, version: await versionOf(path) };
}

async function checkConfigured(path: string): Promise<string> {
  if (isAbsolute(path) && (await problemWith(path)) === undefined) return path;
  throw new TurretError(
    'repeater_error',
    `the configured aws program ${JSON.stringify(path)} cannot be used`,
    {
      hints: ['set cli: to the absolute path of a program that only you or root can change'],
    },
  );
}

async function findOnPath({ path = '', home }: CliSearch): Promise<string> {
  const directories = path
    .split(':')
    .filter((directory) => isAbsolute(directory) && !/\/shims\/?$/.test(directory));
  const managed = home === undefined ? undefined : join(home, '.pyenv', 'versions');
  const installed = managed === undefined ? [] : await readdir(managed).catch(() => []); // Most people have no pyenv.
  const more = installed
    .sort()
    .toReversed()
    .map((version) => join(managed ?? '', version, 'bin'));
  for (const directory of [...directories, '/usr/local/bin', '/usr/bin', ...more]) {
    const candidate = join(directory, 'aws');
    if ((await problemWith(candidate)) === undefined) return candidate;
  }
  throw new TurretError('repeater_error', 'no aws program was found', {
    hints: ['install the AWS CLI, or set repeaters.aws.cli to its absolute path'],
  });
}

/** A program somebody else can replace is not the operator's program. */
async function problemWith(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    await access(real, constants.X_OK);
    for (const place of [real, dirname(real)]) {
      const { mode, uid } = await stat(place);
      if ((mode & 0o002) !== 0 || (uid !== 0 && uid !== process.getuid?.())) return 'others can change it';
    }
    return (await stat(real)).isFile() ? undefined : 'not a file';
  } catch (error) {
    return error instanceof Error ? error.message : 'not there';
  }
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs } = await stat(path);
  const key = `${path} ${mtimeMs}`;
  let version = versions.get(key);
  if (!version) {
    version = askVersion(path);
    versions.set(key, version);
    version.catch(() => versions.delete(key));
  }
  return version;
}

async function askVersion(path: string): Promise<string> {
  const empty = await mkdtemp(join(tmpdir(), 'turret-aws-version-'));
  try {
    const { stdout, stderr } = await promisify(execFile)(path, ['--version'], {
      cwd: empty,
      env: { PATH: '/usr/bin:/bin', HOME: empty, LC_ALL: 'C.UTF-8', AWS_CONFIG_FILE: '/dev/null' },
      timeout: VERSION_MS_MAX,
    });
    const version = /aws-cli\/(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
    if (version !== undefined) return version;
    throw new Error('no version in its answer');
  } catch (cause) {
    throw new TurretError('repeater_error', `${path} does not say its version`, {
      cause,
      hints: [`run ${path} --version yourself`],
    });
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
}
