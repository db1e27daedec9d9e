// Files in which programs keep credentials in plain. An agent with the user's rights reads them in one command.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { awsFiles } from './aws-profiles.js';
import type { Environment } from './environment.js';
import { ghHostsFile } from './gh-hosts.js';
import { readText } from './read-text.js';

export interface ExposedFile {
  /** Absolute. */
  path: string;
  /** What lies in it. */
  holds: string;
}

interface Place {
  path: string | undefined;
  holds: string;
  /** What such a file has in it when there is a credential. */
  sign: RegExp;
}

/** The files that are there and do hold a credential, judged by their form; no value is kept. */
export function exposedFiles({ env, cwd }: { env: Environment; cwd: string }): ExposedFile[] {
  const home = env['HOME'];
  const below = (path: string): string | undefined => (home === undefined ? undefined : join(home, path));
  const aws = awsFiles(env);
  const places: Place[] = [
    { path: aws?.credentials, holds: 'AWS keys', sign: /^\s*aws_secret_access_key\s*=\s*\S/im },
    { path: aws?.config, holds: 'AWS keys', sign: /^\s*aws_secret_access_key\s*=\s*\S/im },
    { path: ghHostsFile(env), holds: 'a GitHub token', sign: /^\s+oauth_token:\s*\S/m },
    { path: below('.netrc'), holds: 'passwords', sign: /\bpassword\s+\S/ },
    { path: env['NPM_CONFIG_USERCONFIG'] ?? below('.npmrc'), holds: 'an npm token', sign: NPM },
    { path: join(cwd, '.npmrc'), holds: 'an npm token', sign: NPM },
    { path: below('.git-credentials'), holds: 'passwords for git', sign: /:\/\/[^/\s:]*:[^/\s@]+@/ },
    { path: below('.config/git/credentials'), holds: 'passwords for git', sign: /:\/\/[^/\s:]*:[^/\s@]+@/ },
    { path: join(env['DOCKER_CONFIG'] ?? below('.docker') ?? '/nonexistent', 'config.json'), holds: 'registry passwords', sign: /"(?:auth|identitytoken|password)"\s*:\s*"[^"]/ },
    { path: below('.kube/config'), holds: 'cluster keys', sign: /^\s*-?\s*(?:token|client-key-data|password):\s*\S/m },
    { path: below('.pypirc'), holds: 'a PyPI token', sign: /^\s*password\s*[=:]\s*\S/m },
    { path: below('.cargo/credentials.toml'), holds: 'a crates token', sign: /^\s*token\s*=\s*"/m },
    { path: below('.config/gcloud/application_default_credentials.json'), holds: 'Google credentials', sign: /"(?:refresh_token|private_key)"/ },
    ...environmentFiles(cwd).map((path) => ({ path, holds: 'variables that look like secrets', sign: DOTENV })),
  ]; // prettier-ignore
  const found = places.filter(({ path, sign }) => path !== undefined && sign.test(readText(path) ?? ''));
  const unique = new Map(found.map(({ path = '', holds }) => [path, { path, holds }]));
  return [...unique.values()];
}

const NPM = /^\s*(?:\/\/\S*:)?_(?:authToken|auth|password)\s*=\s*[^\s$]/m;
const DOTENV =
  /^\s*(?:export\s+)?[A-Za-z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE|ACCESS_KEY|DATABASE_URL)[A-Za-z0-9_]*\s*=\s*["']?[^\s"'#$]/im;

// `.env`, `.env.local` and so on, but not the example that is in the repository.
function environmentFiles(cwd: string): string[] {
  try {
    return readdirSync(cwd)
      .filter(
        (name) => /^\.env(?:\.[\w-]+)*$/.test(name) && !/\.(?:example|sample|template|dist)$/.test(name),
      )
      .slice(0, 32)
      .map((name) => join(cwd, name));
  } catch {
    // A working directory we may not list has nothing to show.
    return [];
  }
}
