// The tests of the native shim with that of another machine: compiled as a release compiles it, run by qemu-user. A minute.
//   npm run cross [-- ARCH]     arm64 on x64, x64 on arm64
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MACHINES } from './machines.mjs';
import { buildNativeShim, notHere } from './native-shim.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [arch = process.arch === 'x64' ? 'arm64' : 'x64'] = process.argv.slice(2);
const { elf, emulator } = MACHINES[arch];
const to = join(root, 'dist/native', arch);

const hex = (bytes) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
// The head of a program: class, order of bytes, version; what runs it (any); a program or one that can lie anywhere; the machine.
const MAGIC = hex([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...Array(9).fill(0), 2, 0, elf, 0]);
const MASK = hex([...Array(7).fill(0xff), 0, ...Array(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff]);
// Programs of that machine can be started like any other, in this namespace alone (Linux 6.7 and later).
const REGISTER =
  'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc && printf %s "$0" >/proc/sys/fs/binfmt_misc/register && exec "$@"';
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', REGISTER];

function run([file, ...words], options = {}) {
  return spawnSync(file, words, { cwd: root, stdio: 'inherit', ...options }).status;
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

if (!(await buildNativeShim(to, { arch }))) fail(notHere(arch));
const shim = join(to, 'turret-shim');
const quiet = { stdio: 'ignore', env: {} };
const { stdout: found } = spawnSync('sh', ['-c', `command -v ${emulator}`], { encoding: 'utf8' });
const inside = [...NAMESPACE, `:turret:M::${MAGIC}:${MASK}:${found.trim()}:F`];
// Where it is installed for the whole machine, nothing is to be done.
const around = run([shim], quiet) === 0 ? [] : inside;
if (run([...around, shim], { ...quiet, env: { PATH: process.env.PATH } }) !== 0)
  fail(
    `turret: error: programs for ${arch} do not run here\nturret: hint: apt-get install qemu-user-static binfmt-support, or a kernel of 6.7 or later`,
  );
const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run'];
const env = { ...process.env, TURRET_TEST_EMULATED: to };
for (const what of [
  ['--project', 'unit', 'test/unit/shim'],
  ['--project', 'e2e', 'test/e2e/shim'],
])
  if (run([...around, ...vitest, ...what], { env }) !== 0) process.exitCode = 1;
