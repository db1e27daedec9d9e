// The secrets of an http repeater's upstreams: references in turret.yaml, values only here and on the repeater's fd 4.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { RepeaterConfig } from '../config/config.js';

/** By reference. What is not there is left out: the repeater says so to whoever needs it. */
export function upstreamSecrets(
  { upstreams = {}, directory = '/' }: RepeaterConfig,
  env: NodeJS.ProcessEnv,
): Record<string, string> {
  const references = Object.values(upstreams).flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  const found = references.map((reference) => [reference, valueOf(reference, directory, env)] as const);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function valueOf(reference: string, directory: string, env: NodeJS.ProcessEnv): string | undefined {
  const name = reference.slice(reference.indexOf(':') + 1);
  if (reference.startsWith('env:')) return env[name];
  const path = name.startsWith('~/') ? join(env['HOME'] ?? '/', name.slice(2)) : resolve(directory, name);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not there, or not for us.
    return undefined;
  }
}
