// Every attack of the corpora through the real path, at every level of isolation there is, and docs/scoreboard.md of it.
// Needs a build. attack.mjs --help
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const directory = join(root, 'dist/test');
mkdirSync(directory, { recursive: true });
// Three programs: this command, the one that runs on the stage, and the agent in the sandbox, which gets one file and no packages.
const bundle = (entry, outfile, packages) =>
  build({
    entryPoints: [join(root, 'test/attack', entry)],
    outfile: join(directory, outfile),
    bundle: true,
    packages,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
await Promise.all([
  bundle('main.ts', 'attack.mjs', 'external'),
  bundle('on-stage.ts', 'attack-stage.mjs', 'external'),
  bundle('agent.ts', 'attack-agent.mjs', 'bundle'),
]);
const { main } = await import(pathToFileURL(join(directory, 'attack.mjs')));
process.exitCode = await main(process.argv.slice(2));
