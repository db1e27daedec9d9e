// The programs of test/, which Node cannot read: bundled from TypeScript, then imported.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

export const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** Of the file below test/. `out`: its place below dist/test; `packages: 'bundle'` when it is to need no other file. */
export async function bundle(entry, { out, packages = 'external' }) {
  const outfile = join(root, 'dist/test', out);
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [join(root, 'test', entry)],
    outfile,
    bundle: true,
    packages,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
}

/** What is exported by the bundle at this place below dist/test. */
export function imported(out) {
  return import(pathToFileURL(join(root, 'dist/test', out)));
}

/** Bundles test/NAME/main.ts and calls its `main` with the words of this command. */
export async function runMain(name) {
  await bundle(`${name}/main.ts`, { out: `${name}.mjs` });
  const { main } = await imported(`${name}.mjs`);
  process.exitCode = await main(process.argv.slice(2));
}
