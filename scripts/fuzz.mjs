// The properties of test/fuzz for as long as asked, in two processes. Needs nothing built.
// fuzz.mjs --native [--minutes N]: the native shim instead, by libFuzzer; needs clang and libsodium-dev.
// fuzz.mjs [--minutes N] [--only NAME] [--seed S [--path P]] [--write] [--list]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

import { fuzzNative } from './fuzz-native.mjs';

if (process.argv.includes('--native')) process.exit(fuzzNative(process.argv.slice(2)));
const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/fuzz/main.mjs');
// A worker is this script again, with something to do.
const todo = process.env.TURRET_FUZZ_WORK;
if (todo === undefined) {
  mkdirSync(dirname(outfile), { recursive: true });
  // Node cannot read TypeScript.
  await build({
    entryPoints: [join(root, 'test/fuzz/main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
}
const { main, work } = await import(pathToFileURL(outfile));
if (todo === undefined) process.exitCode = await main(process.argv.slice(2), fileURLToPath(import.meta.url));
else await work(todo);
