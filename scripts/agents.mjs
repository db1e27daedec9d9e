// Real agents under `turret run` with a scripted model. Needs a build, and the agents: scripts/install-agents.mjs.
// agents.mjs [name…]
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const outfile = join(root, 'dist/test/agents.mjs');
mkdirSync(dirname(outfile), { recursive: true });
// The module the tests use, and node cannot read TypeScript.
await build({
  entryPoints: [join(root, 'test/agents/main.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(outfile));
process.exitCode = await main(process.argv.slice(2));
