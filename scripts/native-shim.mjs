// Compiles shims/native. Used by build.mjs; `node scripts/native-shim.mjs DIRECTORY [sanitize]` makes it there or says why not.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compilerFor, packagesFor } from './machines.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'shims/native');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wvla', '-Werror'];
const LANGUAGE = ['-std=c17', '-D_GNU_SOURCE', `-DTURRET_VERSION="${version}"`];
const HARDENED = ['-O2', '-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=3', '-fPIE'];
const SMALL = ['-ffunction-sections', '-fdata-sections'];
const LINKED = ['-static-pie', '-s', '-Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack'];
/** Says of every wrong step what it was; for tests, never shipped. */
const SANITIZED = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

const filesIn = (directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(directory, name));

/**
 * The program at `to/turret-shim`, and the one that tests drive at `to/turret-shim-vectors`, which is never shipped. Resolves with whether
 * there was all that is needed; rejects when there was and the sources do not compile.
 */
export async function buildNativeShim(to, { sanitize = false, arch = process.arch } = {}) {
  if (process.platform !== 'linux') return false;
  const cc = (args, input) => run([...compilerFor(arch), ...args], input);
  if (!(await canLink(cc))) return false;
  const objects = join(to, 'objects');
  mkdirSync(objects, { recursive: true });
  const how = [...LANGUAGE, ...WARNINGS, ...(sanitize ? SANITIZED : [...HARDENED, ...SMALL]), `-I${sources}`];
  const compile = async (file) => {
    const object = join(objects, `${basename(file, '.c')}.o`);
    await cc([...how, '-c', file, '-o', object]);
    return object;
  };
  const link = (name, files) =>
    cc([
      ...(sanitize ? SANITIZED : []),
      ...files,
      '-o',
      join(to, name),
      '-lsodium',
      ...(sanitize ? [] : LINKED),
    ]);
  const files = filesIn(sources).filter((file) => !file.endsWith('/main.c'));
  const [main, vectors, ...shared] = await Promise.all(
    [join(sources, 'main.c'), join(sources, 'test/vectors.c'), ...files].map(compile),
  );
  await Promise.all([
    link('turret-shim', [main, ...shared]),
    link('turret-shim-vectors', [vectors, ...shared]),
  ]);
  rmSync(objects, { recursive: true });
  return true;
}

function run([file, ...args], input) {
  return new Promise((resolve, reject) => {
    const compiler = execFile(file, args, (error, _stdout, stderr) =>
      error === null ? resolve() : reject(new Error(`the native shim does not compile\n${stderr}`)),
    );
    compiler.stdin.end(input);
  });
}

async function canLink(cc) {
  const program = '#include <sodium.h>\nint main(void) { return sodium_init() < 0; }\n';
  try {
    await cc(['-static-pie', '-fPIE', '-x', 'c', '-', '-o', '/dev/null', '-lsodium'], program);
    return true;
  } catch {
    // No compiler, or not the library, or only the shared one.
    return false;
  }
}

export const notHere = (arch) =>
  `turret: error: a compiler for ${arch} or its static libsodium is not here\nturret: hint: apt-get install ${packagesFor(arch)}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [to = '', how] = process.argv.slice(2);
  if (!(await buildNativeShim(to, { sanitize: how === 'sanitize' }))) {
    console.error(notHere(process.arch));
    process.exit(1);
  }
}
