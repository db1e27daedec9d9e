// What is compiled, as a package of its own for each platform, so that a release brings it ready and no install script runs.
//   npm run pack:shim [-- ARCH]     arm64 on x64 and the other way: with Debian's cross compiler, run by qemu-user; or with CC
// Prints the directory to publish. CONTRIBUTING.md says what a release does with it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PROGRAMS, compileC } from './compile-c.mjs';
import { MACHINES, compilerFor, packagesFor } from './machines.mjs';
import { buildNativeShim, notHere } from './native-shim.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [arch = process.arch] = process.argv.slice(2);
const machine = MACHINES[arch];
if (machine === undefined) stop(`turret: error: there is no package for ${arch}`);
const name = `turret-shim-linux-${arch}`;
const to = join(root, 'dist/native/packages', name);
const built = join(to, 'built');
const program = (file) => join(to, file);

function stop(why) {
  console.error(why);
  process.exit(1);
}

/** What it says; a program that nobody has seen running is not packed. */
function said(file, args) {
  const path = program(file);
  // An emulator would also run what is this machine's own.
  if (readFileSync(path).readUInt16LE(18) !== machine.elf)
    stop(`turret: error: ${path} is no program for ${arch}`);
  const [command, ...words] = arch === process.arch ? [path] : [machine.emulator, path];
  try {
    return execFileSync(command, [...words, ...args], { env: { PATH: process.env.PATH }, encoding: 'utf8' });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return stop(`turret: error: ${command} is not here\nturret: hint: apt-get install ${packagesFor(arch)}`);
  }
}

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
if (!(await buildNativeShim(built, { arch }))) stop(notHere(arch));
renameSync(join(built, 'turret-shim'), program('turret-shim'));
rmSync(built, { recursive: true });
for (const [file, source] of Object.entries(PROGRAMS))
  if (!compileC(program(file), [join(root, source)], [], compilerFor(arch))) stop(notHere(arch));
if (said('turret-shim', []) !== `turret-shim ${version}\n`)
  stop('turret: error: the shim fails its own test');
if (!/^\d+\n$/.test(said('confine', ['--abi']))) stop('turret: error: confine does not know its kernel');
copyFileSync(join(root, 'LICENSE'), program('LICENSE'));
const description =
  'The compiled programs of Turret, linked statically with the C library and libsodium (ISC)';
const files = ['turret-shim', ...Object.keys(PROGRAMS)];
// No `libc`: a static program asks for none.
const manifest = { name, version, description, license, os: ['linux'], cpu: [arch], files };
writeFileSync(program('package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(to);
