// The twenty escape attempts, outside and inside, at every level; writes docs/escape-tests.md. Needs a build.
// escape.mjs [--json [LEVEL…]]: only what came of each way of each attempt, as JSON.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { bundle, imported, root } from './bundled.mjs';

const OUT = 'escape.mjs';
const [, , word, ...rest] = process.argv;

// A metadata service, port 443, /run and /mnt of our own for each user: nobody else sees them.
async function asUser(name) {
  const own = ['--net', '--mount', '/usr/bin/python3', 'test/escape/namespace.py'];
  const again = [process.execPath, 'scripts/escape.mjs', 'inside', name, ...rest];
  const child = spawn('unshare', [...own, ...again], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  if (said === '') throw new Error(`the attempts as ${name} broke off`);
  return JSON.parse(said);
}

if (word === 'inside') {
  const { main } = await imported(OUT);
  process.stdout.write(JSON.stringify(await main(rest[0], rest.slice(1))));
} else if (process.getuid() !== 0) {
  // In a user namespace of an ordinary user root's programs belong to nobody, and Turret rightly takes none of them.
  process.stderr.write(
    'the escape tests make a machine of their own and try as two users: run them as root\n',
  );
  process.exitCode = 1;
} else {
  await bundle('escape/main.ts', { out: OUT });
  const { USERS, report, machine } = await imported(OUT);
  const outcomes = (await Promise.all(USERS.map(asUser))).flat();
  if (word === '--json') {
    process.stdout.write(JSON.stringify(outcomes));
  } else {
    const { text: document, ok } = report(outcomes, machine());
    writeFileSync(join(root, 'docs/escape-tests.md'), document);
    process.stdout.write(document);
    process.exitCode = ok ? 0 : 1;
  }
}
