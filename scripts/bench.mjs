// Times Turret against what it stands beside. Needs a build.
// bench.mjs [NAME…] [--rounds N] [--publish]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/bench.mjs');
mkdirSync(dirname(outfile), { recursive: true });
// What the tests use, and node cannot read TypeScript.
await build({
  entryPoints: [join(root, 'test/bench/main.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(outfile));
process.exitCode = await main(process.argv.slice(2));
