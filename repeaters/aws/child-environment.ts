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

/** @param directory private, of one call; gets an empty home and the config file */
export async function childEnvironment(directory: string): Promise<Record<string, string>> {
  const home = join(directory, 'home');
  const config = join(directory, 'config');
  // Empty, and gone with the call. Writable, because newer versions keep a session id below it.
  await mkdir(home, { mode: 0o700 });
  await writeFile(config, CONFIG, { mode: 0o600, flag: 'wx' });
  return {
    PATH: CLI_PATH,
    HOME: home,
    TMPDIR: directory,
    LC_ALL: 'C.UTF-8',
    PYTHONNOUSERSITE: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  };
}
