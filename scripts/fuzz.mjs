// The properties of test/fuzz for as long as asked, in two processes. Needs nothing built.
// fuzz.mjs --native [--minutes N]: the native shim instead, by libFuzzer; needs clang and libsodium-dev.
// fuzz.mjs [--minutes N] [--only NAME] [--seed S [--path P]] [--write] [--list]
import { fileURLToPath } from 'node:url';

import { bundle, imported } from './bundled.mjs';
import { fuzzNative } from './fuzz-native.mjs';

if (process.argv.includes('--native')) process.exit(fuzzNative(process.argv.slice(2)));
const OUT = 'fuzz/main.mjs';
// A worker is this script again, with something to do.
const todo = process.env.TURRET_FUZZ_WORK;
if (todo === undefined) await bundle('fuzz/main.ts', { out: OUT });
const { main, work } = await imported(OUT);
if (todo === undefined) process.exitCode = await main(process.argv.slice(2), fileURLToPath(import.meta.url));
else await work(todo);
