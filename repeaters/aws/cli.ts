// Which `aws` is the real one.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CliSearch, type InstalledCli, findCli } from '../sdk/find-cli.js';

/**
 * The real aws: configured, on PATH, or where pyenv keeps what its shims lead to.
 * @param search.home HOME of the user
 * @throws TurretError `repeater_unavailable`
 */
export async function findAws({
  home,
  ...search
}: CliSearch & { home: string | undefined }): Promise<InstalledCli> {
  const managed = home === undefined ? undefined : join(home, '.pyenv', 'versions');
  const installed = managed === undefined ? [] : await readdir(managed).catch(() => []); // Most people have no pyenv.
  const newestFirst = installed
    .sort()
    .toReversed()
    .map((version) => join(managed ?? '', version, 'bin'));
  return findCli(
    {
      tool: 'aws',
      product: 'the AWS CLI',
      more: ['/usr/local/bin', '/usr/bin', ...newestFirst],
      version: /aws-cli\/(\d+\.\d+\.\d+)/,
      env: { AWS_CONFIG_FILE: '/dev/null' },
    },
    search,
  );
}
