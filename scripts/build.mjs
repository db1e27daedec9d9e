// Sources to dist/: compile, bundle each process into one file, write the command manifest.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Config } from '@oclif/core';
import { build, transform } from 'esbuild';

import { PROGRAMS, compileC } from './compile-c.mjs';
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
// In pieces, each read when it is needed: esbuild makes them of modules only.
const inPieces = async (directory, entryPoints) => {
  const { outputFiles } = await build({
    ...early,
    entryPoints: entryPoints.map((name) => join(root, name)),
    format: 'esm',
    splitting: true,
    chunkNames: `${directory}/[name]-[hash]`,
    write: false,
  });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, { format: 'cjs', supported: { 'dynamic-import': false } });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
};
// What starts the broker is read first, and most of the supervisor only while the broker starts.
await inPieces('src/session', ['src/session/main.ts']);
// Every other command: oclif once, and of the rest what a command needs. oclif finds them by their files.
rmSync(join(root, 'dist/src/commands'), { recursive: true });
await inPieces('src/cli', ['src/main.ts', 'src/commands/**/*.ts']);
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
// What is in dist/native is for this machine: it goes into no package but the platform's (pack-shim.mjs).
mkdirSync(join(root, 'dist/native'));
for (const [name, source] of Object.entries(PROGRAMS))
  compileC(join(root, 'dist/native', name), [join(root, source)]);
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
