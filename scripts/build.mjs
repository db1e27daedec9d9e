// Sources to dist/: compile, bundle each process into one file, write the command manifest.
import { execFileSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Config } from '@oclif/core';
import { build, transform } from 'esbuild';

import { compileC } from './compile-c.mjs';
import { buildNativeShim } from './native-shim.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
rmSync(join(root, 'oclif.manifest.json'), { force: true });
for (const project of ['tsconfig.json', 'tsconfig.fakes.json']) {
  execFileSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit' });
}
const bundle = { bundle: true, platform: 'node', target: 'node20', logLevel: 'warning' };
await build({
  ...bundle,
  // What an agent is given: each one file, because the rest of the package may not be visible in its sandbox.
  entryPoints: [join(root, 'shims/shim.ts'), join(root, 'shims/gateway.ts')],
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
});
// What every session starts: Node takes longer to find and read 300 files than to run them. Where every millisecond
// is somebody's wait it is for the older of Node's loaders, which starts faster.
const early = {
  ...bundle,
  outbase: root,
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': 'turretUrl' },
  banner: { js: "const turretUrl = require('node:url').pathToFileURL(__filename).href;" },
};
await build({ ...early, entryPoints: [join(root, 'src/broker/main.ts')], format: 'cjs' });
// The supervisor in pieces: what starts the broker is read first, and most of it only while the broker starts. esbuild
// makes pieces of modules only.
const pieces = await build({
  ...early,
  entryPoints: [join(root, 'src/session/main.ts')],
  format: 'esm',
  splitting: true,
  chunkNames: 'src/session/[name]-[hash]',
  write: false,
});
for (const { path, text } of pieces.outputFiles) {
  const { code } = await transform(text, { format: 'cjs', supported: { 'dynamic-import': false } });
  writeFileSync(path, code);
}
/** It takes the umask of whoever started the process, once, so there must be one of it in a process. */
const preamble = {
  name: 'preamble',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/preamble\.js$/ }, () => ({ external: true, path: '#preamble' })),
};
const modules = {
  ...bundle,
  plugins: [preamble],
  outbase: root,
  outdir: join(root, 'dist'),
  allowOverwrite: true,
  format: 'esm',
  // Packages written before modules call it for what Node brings.
  banner: {
    js: "import { createRequire as turretRequire } from 'node:module';\nconst require = turretRequire(import.meta.url);",
  },
};
await build({
  ...modules,
  entryPoints: ['aws', 'gh', 'http', 'db', 'host', 'declared']
    .map((name) => join(root, 'repeaters', name, 'main.ts'))
    .concat(join(root, 'src/isolation/launch-worker.ts'), join(root, 'repeaters/db/sqlite/query.ts')),
});
// Every other command: oclif once, and of the rest what a command needs.
await build({
  ...modules,
  entryPoints: [join(root, 'src/cli.ts'), join(root, 'src/commands/**/*.ts')],
  splitting: true,
  chunkNames: 'src/cli/[name]-[hash]',
  minifyWhitespace: true,
  minifySyntax: true,
});
compileC(join(root, 'dist/src/isolation/confine'), [join(root, 'src/isolation/confine.c')]);
// Where a C compiler and libsodium are. Without it the Node shim is used, which does the same.
await buildNativeShim(join(root, 'dist/native'));
// oclif reads this instead of importing every command at every start.
process.env.NODE_ENV = 'production';
const config = await Config.load({ root, ignoreManifest: true });
const plugin = config.plugins.get('turret');
const manifest = join(root, 'oclif.manifest.json');
writeFileSync(manifest, `${JSON.stringify(plugin.manifest)}\n`);
// The commands it loaded have set our umask; every user of the machine may start turret.
chmodSync(manifest, 0o644);
