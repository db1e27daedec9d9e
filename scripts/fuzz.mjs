// The properties of test/fuzz for as long as asked, in two processes. Needs nothing built.
// fuzz.mjs [--minutes N] [--only NAME] [--seed S [--path P]] [--write]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/fuzz/main.mjs');
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
const { main } = await import(pathToFileURL(outfile));
process.exitCode = await main(process.argv.slice(2), outfile);
