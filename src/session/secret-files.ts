// Files with keys that the configuration names. A repeater is given what is in them; the agent, which runs as the same
// user, is not to find them where they lie.

import { join, resolve } from 'node:path';

import type { Config } from '../config/config.js';
import { parseReference } from '../vault/reference.js';

/** Absolute paths. */
export function secretFiles(
  { repeaters }: Pick<Config, 'repeaters'>,
  { HOME: home = '/' }: NodeJS.ProcessEnv,
): string[] {
  return Object.values(repeaters).flatMap((config) => {
    const {
      directory = '/',
      credentials,
      secretSources = {},
      upstreams = {},
      databases = {},
      give = [],
    } = config;
    const asked = [...Object.values(upstreams), ...Object.values(databases)].map(({ secret }) => secret);
    const references = [credentials, ...Object.values(secretSources), ...asked].flatMap((text = '') => {
      const reference = parseReference(text);
      return reference?.kind === 'file' ? [reference.path] : [];
    });
    const given = give.flatMap(({ file }) => (file === undefined ? [] : [file]));
    return [...references, ...given].map((path) =>
      path.startsWith('~/') ? join(home, path.slice(2)) : resolve(directory, path),
    );
  });
}
