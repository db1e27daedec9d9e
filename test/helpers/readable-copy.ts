// The built program where any user of the machine can read it: a checkout may lie in somebody's home.

import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `turret run` and its processes import; their own dependencies follow. */
const PACKAGES = [
  'tweetnacl',
  'yaml',
  'lowdb',
  '@aws-sdk/credential-providers',
  '@smithy/signature-v4',
  '@aws-crypto/sha256-js',
  'graphql',
  'koffi',
  `@koromix/koffi-linux-${process.arch}`,
];

export interface ReadableCopy {
  /** Path of bin/turret.js. */
  turret: string;
  remove(): void;
}

/** `/opt` and the like are root's; /var/tmp everybody may use, and unlike /tmp nothing else of a test is there. */
export function readableCopy(): ReadableCopy {
  const directory = mkdtempSync('/var/tmp/turret-copy-');
  chmodSync(directory, 0o755);
  for (const part of ['bin', 'dist', 'repeaters', 'package.json'])
    cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  const copied = new Set<string>();
  const copy = (name: string): void => {
    if (copied.has(name)) return;
    copied.add(name);
    const from = join(ROOT, 'node_modules', name);
    cpSync(from, join(directory, 'node_modules', name), { recursive: true });
    const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    for (const dependency of Object.keys(dependencies)) copy(dependency);
  };
  for (const name of PACKAGES) copy(name);
  return {
    turret: join(directory, 'bin/turret.js'),
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}
