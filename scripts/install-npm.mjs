// Packages from npm that are no part of Turret, by a lock file of their own, to node_modules/.cache/NAME. Safe to run again.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const LOCK = 'package-lock.json';

/** What package.json and its lock in `directory` say. No script of theirs runs but those in `scripts`. Returns where they are. */
export function installNpm({ name, directory, scripts = [] }) {
  const cache = join(root, 'node_modules/.cache', name);
  const lock = readFileSync(join(root, directory, LOCK), 'utf8');
  const installed = join(cache, 'installed');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return cache;
  mkdirSync(cache, { recursive: true });
  for (const file of ['package.json', LOCK]) copyFileSync(join(root, directory, file), join(cache, file));
  // What npm says is not what our caller says.
  const quiet = { stdio: ['ignore', process.stderr, 'inherit'] };
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', npm, { cwd: cache, ...quiet });
  for (const script of scripts) execFileSync(process.execPath, [join(cache, 'node_modules', script)], quiet);
  writeFileSync(installed, lock);
  return cache;
}
