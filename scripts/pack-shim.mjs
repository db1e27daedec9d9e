// The native shim as a package of its own for each platform, so that a release brings it ready and no install script runs.
//   npm run pack:shim [-- ARCH]     for another than this machine's with CC set to a compiler for it, beside whose libsodium.a
// Prints the directory to publish. CONTRIBUTING.md says what a release does with it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildNativeShim } from './native-shim.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [arch = process.arch] = process.argv.slice(2);
const name = `turret-shim-linux-${arch}`;
const to = join(root, 'dist/native/packages', name);
const built = join(to, 'built');

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
if (!(await buildNativeShim(built))) {
  console.error(
    'turret: error: cc or a static libsodium is not here\nturret: hint: apt-get install gcc libsodium-dev',
  );
  process.exit(1);
}
renameSync(join(built, 'turret-shim'), join(to, 'turret-shim'));
rmSync(built, { recursive: true });
if (arch === process.arch) execFileSync(join(to, 'turret-shim'), { env: {} });
copyFileSync(join(root, 'LICENSE'), join(to, 'LICENSE'));
const description = 'The native shim of Turret, linked statically with glibc and libsodium (ISC)';
// No `libc`: a static program asks for none.
const manifest = { name, version, description, license, os: ['linux'], cpu: [arch], files: ['turret-shim'] };
writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(to);
