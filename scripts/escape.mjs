// The twenty escape attempts, outside and inside, at every level; writes docs/escape-tests.md. Needs a build.
// escape.mjs [--json [LEVEL…]]: only what came of each way of each attempt, as JSON.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = join(root, 'dist/test/escape.mjs');
process.chdir(root);
const [, , word, ...rest] = process.argv;

// A metadata service, port 443, /run and /mnt of our own for each user: nobody else sees them.
async function asUser(name) {
  const isRoot = process.getuid() === 0;
  const own = isRoot
    ? ['--net', '--mount']
    : ['--user', '--map-current-user', '--net', '--mount', '--keep-caps'];
  const dropped = isRoot ? [] : ['setpriv', '--inh-caps=-all', '--ambient-caps=-all'];
  const again = [process.execPath, 'scripts/escape.mjs', 'inside', name, ...rest];
  const child = spawn(
    'unshare',
    [...own, '/usr/bin/python3', 'test/escape/namespace.py', ...dropped, ...again],
    {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return JSON.parse(await text(child.stdout));
}

if (word === 'inside') {
  const { main } = await import(pathToFileURL(outfile));
  process.stdout.write(JSON.stringify(await main(rest[0], rest.slice(1))));
} else {
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(root, 'test/escape/main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { users, report, machine } = await import(pathToFileURL(outfile));
  const outcomes = (await Promise.all(users().map(asUser))).flat();
  if (word === '--json') {
    process.stdout.write(JSON.stringify(outcomes));
  } else {
    const { text: document, ok } = report(outcomes, machine());
    writeFileSync(join(root, 'docs/escape-tests.md'), document);
    process.stdout.write(document);
    process.exitCode = ok ? 0 : 1;
  }
}
