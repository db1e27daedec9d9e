// The environment of the real CLI, built from nothing: no variable of the user, the agent or this process reaches it.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLI_PATH } from '../sdk/find-cli.js';

/**
 * What a config file would otherwise decide: `http://` values would be fetched (v1), the CRT client brings its own
 * network stack and would not use the proxy (`default` is the classic client by its oldest name), history would keep arguments and answers on disk.
 */
const CONFIG = `[default]
cli_follow_urlparam = false
cli_history = disabled
cli_auto_prompt = off
cli_pager =
s3 =
    preferred_transfer_client = default
`;

/** Makes the private directory of one call: an empty home, the config file, and the directory it runs in. */
export async function makePlace(place: string): Promise<void> {
  await mkdir(place, { mode: 0o700 });
  // Empty, and gone with the call. Writable, because newer versions keep a session id below it.
  await mkdir(join(place, 'home'), { mode: 0o700 });
  await mkdir(join(place, 'cwd'), { mode: 0o700 });
  await writeFile(join(place, 'config'), CONFIG, { mode: 0o600, flag: 'wx' });
}

/** @param place such a directory, as the CLI sees it */
export function childEnvironment(place: string): Record<string, string> {
  return {
    PATH: CLI_PATH,
    HOME: join(place, 'home'),
    TMPDIR: place,
    LC_ALL: 'C.UTF-8',
    PYTHONNOUSERSITE: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_CONFIG_FILE: join(place, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}
