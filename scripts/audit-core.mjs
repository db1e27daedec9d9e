// What has to be trusted with every decision: the files the broker process loads, their lines of code (no blanks, no
// comments), and the packages they bring. Follows the imports of the sources from src/broker/main.ts. `--check` fails when a bound is passed.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

// 5,000 until tokens could be handed on, and agents of a server told apart: src/broker/keys.ts, token-requests.ts, admin-requests.ts.
const LINES_MAX = 5_460;
const PACKAGES_ALLOWED = new Set([]);
const root = fileURLToPath(new URL('..', import.meta.url));
const IMPORT = /^\s*(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;

const files = new Map();
const packages = new Set();
function follow(path) {
  if (files.has(path)) return;
  const text = readFileSync(path, 'utf8');
  files.set(path, text.split('\n').filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length);
  for (const [, target] of text.matchAll(IMPORT)) {
    if (target.startsWith('node:')) continue;
    if (!target.startsWith('.')) packages.add(target);
    else {
      const file = join(dirname(path), target.replace(/\.js$/, '.ts'));
      if (!existsSync(file)) throw new Error(`${relative(root, path)} imports ${target}, which is not there`);
      follow(file);
    }
  }
}
follow(join(root, 'src/broker/main.ts'));

const total = [...files.values()].reduce((sum, lines) => sum + lines, 0);
for (const [path, lines] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(lines).padStart(6)}  ${relative(root, path)}`);
console.log(`${String(total).padStart(6)}  lines of code in ${files.size} files (bound ${LINES_MAX})`);
console.log(`npm packages: ${[...packages].join(', ') || 'none'}`);
if (process.argv.includes('--check')) {
  const strangers = [...packages].filter((name) => !PACKAGES_ALLOWED.has(name));
  if (total > LINES_MAX || strangers.length > 0) {
    console.error(`the core is too large or depends on ${strangers.join(', ') || 'nothing'}`);
    process.exit(1);
  }
}
