// Which gh is the real one, and may it be used.

import { TurretError } from '../../src/errors.js';
import type { CliSearch } from '../sdk/find-cli.js';
import type { SandboxMode } from '../sdk/sandbox/opening.js';
import { type ConfinedKind, type PreparedCli, prepareCli } from '../sdk/sandbox/prepare-cli.js';
import { compareVersions, parseVersion } from './tables.js';

const MINIMUM = [2, 23, 0] as const;

const GH: ConfinedKind = {
  tool: 'gh',
  product: 'gh',
  version: /(\d{1,6}\.\d{1,6}\.\d{1,6})/,
  env: { GH_NO_UPDATE_NOTIFIER: '1', GH_CONFIG_DIR: '/nonexistent' },
  injector: 'unix',
  ownExits: [],
};

/**
 * The real gh.
 * @throws TurretError `repeater_unavailable`, also for a gh older than 2.23, which cannot be led to the injector
 */
export async function prepareGh({
  sandbox,
  ...search
}: CliSearch & { sandbox: SandboxMode }): Promise<PreparedCli> {
  const found = await prepareCli(GH, search, sandbox);
  if (compareVersions(parseVersion(found.version), MINIMUM) >= 0) return found;
  throw new TurretError('repeater_unavailable', `gh ${found.version} is too old`, {
    hints: [`install gh ${MINIMUM.join('.')} or newer`],
  });
}
