// The agents that are tested, from npm, by their own lock file, to node_modules/.cache/agents. Safe to run again.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/agents');
const LOCK = 'package-lock.json';
const lock = readFileSync(join(root, 'test/agents/npm', LOCK), 'utf8');
const installed = join(cache, 'installed');

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
  mkdirSync(cache, { recursive: true });
  for (const file of ['package.json', LOCK])
    copyFileSync(join(root, 'test/agents/npm', file), join(cache, file));
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', npm, { cwd: cache, stdio: ['ignore', 'inherit', 'inherit'] });
  // The two that are a note without: these put the program of this platform in its place.
  for (const script of ['@anthropic-ai/claude-code/install.cjs', 'opencode-ai/postinstall.mjs'])
    execFileSync(process.execPath, [join(cache, 'node_modules', script)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  writeFileSync(installed, lock);
}
