// Kills every process at every moment and breaks what can break, in real sessions; docs/faults.md is what it saw. Needs a build.
// faults.mjs [--write] [part of a name …]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/faults.mjs');
mkdirSync(dirname(outfile), { recursive: true });
// What the tests use, and node cannot read TypeScript.
await build({
  entryPoints: [join(root, 'test/faults/main.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(outfile));
process.exitCode = await main(process.argv.slice(2));
