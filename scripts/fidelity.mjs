// Same bytes, same files, same exit codes: every case with and without Turret, as a table. Needs a build.
// fidelity.mjs [--spawn | --against-spawn] [part of a case's id …]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/fidelity.mjs');
mkdirSync(dirname(outfile), { recursive: true });
// The module the tests use, and node cannot read TypeScript.
await build({
  entryPoints: [join(root, 'test/fidelity/main.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(outfile));
process.exitCode = await main(process.argv.slice(2));
