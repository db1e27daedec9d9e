// Which `aws` is the real one.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliSearch } from '../sdk/find-cli.js';
import type { SandboxMode } from '../sdk/sandbox/opening.js';
import { type ConfinedKind, type PreparedCli, prepareCli } from '../sdk/sandbox/prepare-cli.js';

/** It ends with this code when it is interrupted while it works. */
const INTERRUPTED = 130;

/**
 * The real aws: configured, on PATH, or where pyenv keeps what its shims lead to.
 * @param search.home HOME of the user
 * @throws TurretError `repeater_unavailable`
 */
export async function prepareAws({
  home,
  sandbox,
  ...search
}: CliSearch & { home: string | undefined; sandbox: SandboxMode }): Promise<PreparedCli> {
  const managed = home === undefined ? undefined : join(home, '.pyenv', 'versions');
  const installed = managed === undefined ? [] : await readdir(managed).catch(() => []); // Most people have no pyenv.
  const newestFirst = installed
    .sort()
    .toReversed()
    .map((version) => join(managed ?? '', version, 'bin'));
  const kind: ConfinedKind = {
    tool: 'aws',
    product: 'the AWS CLI',
    more: ['/usr/local/bin', '/usr/bin', ...newestFirst],
    version: /aws-cli\/(\d+\.\d+\.\d+)/,
    env: { AWS_CONFIG_FILE: '/dev/null' },
    injector: 'tcp',
    ownExits: [INTERRUPTED],
  };
  return prepareCli(kind, search, sandbox);
}
