// Levels of isolation, from the program's own list, and whether one can be had here: found out by asking for it.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { LEVELS, missingSystem } from '../../src/isolation/levels.js';
import { AGENT_USER, HOME } from './layout.js';
import { startOptions, userEnvironment } from './session.js';
import { giveTo } from './user-home.js';

/** What `auto` comes to first. */
export const TRIED_LEVELS: readonly string[] = [
  'namespaced',
  ...LEVELS.filter((level) => level !== 'namespaced' && missingSystem(level, process.platform) === undefined),
];

/** The level that only root can give. */
export const LEVEL_OF_ROOT = 'uid';

/** Runs `true` at that level, on the stage. @returns why it cannot be had; undefined when it can */
export function whyNot(
  level: string,
  { asUser, owner }: { asUser: boolean; owner: number | undefined },
): string | undefined {
  const lane = 9;
  const workspace = path.join(HOME, `project-${lane}`);
  const config = path.join(HOME, 'probe.yaml');
  mkdirSync(workspace, { recursive: true });
  writeFileSync(
    config,
    `version: 1\nextends: []\nrepeaters: { echo: {} }\nrules: []\nagent_user: ${AGENT_USER}\n`,
    {
      mode: 0o644,
    },
  );
  if (owner !== undefined) giveTo(owner, workspace);
  const env = userEnvironment(lane);
  const words = ['run', '--quiet', '--config', config, '--isolation', level, '--', '/bin/true'];
  const { status, stderr } = spawnSync(process.execPath, [path.resolve('bin/turret.js'), ...words], {
    cwd: workspace,
    env,
    encoding: 'utf8',
    ...startOptions(asUser),
  });
  if (status !== 0) return stderr.trim().split('\n')[0] ?? `exit ${status}`;
  const sessions = path.join(env['XDG_STATE_HOME'] ?? '', 'turret/sessions');
  const last = readdirSync(sessions).toSorted().at(-1) ?? '';
  const [start = ''] = readFileSync(path.join(sessions, last, 'audit.jsonl'), 'utf8').split('\n');
  const { isolation } = JSON.parse(start) as { isolation?: string };
  rmSync(config);
  return isolation === level ? undefined : `it comes to ${isolation}`;
}
