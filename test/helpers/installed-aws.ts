// The aws CLIs of this machine that tests run: v2 always, and v1, which speaks other protocols to some services, where a
// Python install of it is.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export interface InstalledAws {
  readonly path: string;
  readonly version: string;
}

export const V2 = '/usr/bin/aws';

/** With the same bare environment as the tests, so that a version manager's wrapper that needs its own does not count. */
function versionOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const { stdout } = spawnSync(file, ['--version'], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
  return /^aws-cli\/(\S+)/.exec(stdout)?.[1];
}

function find(files: readonly string[], major: string): InstalledAws | undefined {
  for (const file of files) {
    const version = versionOf(file);
    if (version?.startsWith(`${major}.`) === true) return { path: file, version };
  }
  return undefined;
}

const PYENV = path.join(homedir(), '.pyenv/versions');
const v2 = find([V2], '2');
if (!v2) throw new Error(`these tests need the aws CLI, version 2, as ${V2}`);
const v1 = find(
  [
    // A version manager's own directory of shims is not one: Turret refuses those.
    ...(process.env['PATH'] ?? '').split(':').filter((directory) => !directory.endsWith('/shims')),
    ...(existsSync(PYENV) ? readdirSync(PYENV).map((version) => path.join(PYENV, version, 'bin')) : []),
  ].map((directory) => path.join(directory, 'aws')),
  '1',
);

export const INSTALLED_AWS: readonly InstalledAws[] = v1 ? [v2, v1] : [v2];
/** Their paths. */
export const CLIS = INSTALLED_AWS.map((cli) => cli.path);
