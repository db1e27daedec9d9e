// Sources to dist/: compile, bundle the shim into one file, write the command manifest.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Config } from '@oclif/core';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
rmSync(join(root, 'oclif.manifest.json'), { force: true });
for (const project of ['tsconfig.json', 'tsconfig.fakes.json']) {
  execFileSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit' });
}
await build({
  // What an agent is given: each one file, because the rest of the package may not be visible in its sandbox.
  entryPoints: [join(root, 'shims/shim.ts'), join(root, 'shims/gateway.ts')],
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: false,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
});
// oclif reads this instead of importing every command at every start.
process.env.NODE_ENV = 'production';
const config = await Config.load({ root, ignoreManifest: true });
const plugin = config.plugins.get('turret');
writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`);
