// Programs that others start their agents with. What they do is not the same: srt shuts the command in and proxies its
// network, varlock resolves a schema and stands between the command and its secrets, dotenvx decrypts an environment.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { World } from '../helpers/turret-world.js';

/** Words after `node`, each of which runs `true`. */
export interface Peers {
  /** Theirs want a newer one than Turret does; both sides get this. */
  readonly node: string;
  readonly srt: readonly string[];
  readonly varlock: readonly string[];
  readonly dotenvx: readonly string[];
}

/** Installs them when they are not there (test/bench/npm), and puts what they read in the workspace. They report to nobody. */
export function installPeers(world: World): Peers {
  const installed = execFileSync(process.execPath, ['scripts/install-peers.mjs'], {
    encoding: 'utf8',
  }).trim();
  const modules = path.join(installed, 'node_modules');
  writeFileSync(path.join(world.workspace, '.env'), 'GREETING=hello\n');
  writeFileSync(path.join(world.workspace, '.env.schema'), '# ---\n# @required\nGREETING=hello\n');
  world.env = { ...world.env, VARLOCK_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
  return {
    node: path.join(modules, `node-linux-${process.arch}`, 'bin/node'),
    srt: [path.join(modules, '@anthropic-ai/sandbox-runtime/dist/cli.js'), 'true'],
    varlock: [path.join(modules, 'varlock/bin/cli.js'), 'proxy', 'run', '--', 'true'],
    dotenvx: [path.join(modules, '@dotenvx/dotenvx/src/cli/dotenvx.js'), 'run', '--', 'true'],
  };
}
