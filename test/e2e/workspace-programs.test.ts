// What the agent leaves in the workspace or in a cache, the user's next `turret run` must not run outside of the sandbox.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { World } from '../helpers/turret-world.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = ['bin', 'dist', 'repeaters', 'package.json'];

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

/** Turret where `npm install turret` puts it, its packages beside it. Returns the path of its program. */
function installIn(directory: string): string {
  for (const part of PARTS) cpSync(join(ROOT, part), join(directory, part), { recursive: true });
  const packages = join(ROOT, 'node_modules');
  for (const name of readdirSync(packages))
    if (!name.startsWith('.')) symlinkSync(join(packages, name), join(dirname(directory), name));
  return join(directory, 'bin/turret.js');
}

describe('an installation of Turret in the workspace', () => {
  it('is read-only for the agent, with every package it imports, and its first line says so', async () => {
    world.executable = installIn(join(world.workspace, 'node_modules/turret'));
    const changes = [
      'echo x > node_modules/turret/dist/src/session/main.cjs',
      'mv node_modules/turret node_modules/other',
      'mkdir node_modules/turret-shim-linux-x64',
      'rm node_modules/yaml',
      'mv node_modules other',
    ];
    const script = changes.map((change) => `(${change}) 2>/dev/null && echo "${change}"`).join('\n');
    const ran = await world.run(['sh', '-c', `${script}\necho mine > file; echo done`]);
    expect(String(ran.stdout)).toBe('done\n');
    expect(ran.stderr).toContain('read-only, because the next session runs what is in it: node_modules');
    expect(readFileSync(join(world.workspace, 'file'), 'utf8')).toBe('mine\n');
    expect((await world.run(['true'], ['--isolation=landlock'])).stderr).toMatch(
      /node_modules decides over the agent and lies where it may write/,
    );
  });

  it('beside which the agent could put a package of its own is not run', async () => {
    const tools = join(world.workspace, 'tools');
    world.executable = installIn(join(tools, 'node_modules/turret'));
    const ran = await world.run(['true']);
    expect(ran.code).toBe(126);
    expect(ran.stderr).toContain(
      `${join(world.workspace, 'node_modules')} is not there, the agent could make it`,
    );
    expect(ran.stderr).toContain('npm install --global');
  });
});

describe('a program of the workspace', () => {
  it('is not taken for the real one, whatever PATH npx makes, nor for what prints a secret', async () => {
    const mark = join(world.root, 'ran');
    const bin = join(world.workspace, 'node_modules/.bin');
    mkdirSync(bin, { recursive: true });
    for (const name of ['gh', 'aws', 'secret'])
      writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> ${mark}\n`, { mode: 0o755 });
    writeFileSync(
      world.config,
      'version: 1\nrepeaters: { aws: {}, gh: {}, http: { upstreams: { one: { host: example.invalid, auth: bearer, secret: "cmd:secret" } } } }\n',
    );
    world.env['PATH'] = `${bin}:node_modules/.bin:${world.env['PATH'] ?? ''}`;
    const refused = await world.run(['true']);
    expect(refused.stderr).toContain('secret cannot be started (ENOENT)');
    writeFileSync(world.config, 'version: 1\nrepeaters: { aws: {}, gh: {} }\n');
    const script = 'gh api user; aws sts get-caller-identity; command -v secret';
    expect((await world.run(['sh', '-c', script])).stdout.toString()).toContain('node_modules/.bin/secret');
    expect(existsSync(mark)).toBe(false);
  });
});

describe('the caches of HOME', () => {
  it.each(['namespaced', 'landlock'])(
    "are the agent's own, kept for its next session, and the user's are not there: %s",
    async (level) => {
      const npx = join(world.home, '.npm/_npx/1');
      for (const directory of [npx, join(world.home, '.cache')]) mkdirSync(directory, { recursive: true });
      writeFileSync(join(npx, 'program'), "the user's");
      const places = 'npm=${npm_config_cache:-$HOME/.npm}; cache=${XDG_CACHE_HOME:-$HOME/.cache}';
      const options = [`--isolation=${level}`, '-q'];
      const said = async (script: string): Promise<string> =>
        String((await world.run(['sh', '-c', `${places}; ${script} 2>/dev/null`], options)).stdout);
      expect(await said('cat ~/.npm/_npx/1/program; echo evil > ~/.npm/_npx/1/program')).toBe('');
      expect(await said('echo mine > $npm/own; echo too > $cache/own; cat $npm/own $cache/own')).toBe(
        'mine\ntoo\n',
      );
      expect(await said('cat $npm/own $cache/own')).toBe('mine\ntoo\n');
      expect(readdirSync(join(world.home, '.npm'), { recursive: true })).toEqual([
        '_npx',
        '_npx/1',
        '_npx/1/program',
      ]);
      expect(readFileSync(join(npx, 'program'), 'utf8')).toBe("the user's");
      expect(readdirSync(join(world.home, '.cache'))).toEqual(['turret']);
    },
  );
});

describe('a place that the environment names', () => {
  it("in the workspace is not the agent's to change or to make: no profile of AWS that names a program", async () => {
    const config = join(world.workspace, 'settings/aws/config');
    world.env['AWS_CONFIG_FILE'] = config;
    const missing = await world.run(['true']);
    expect(missing.code).toBe(126);
    expect(missing.stderr).toContain(`${config} is not there, the agent could make it`);
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, '[default]\nregion = eu-west-1\n');
    const program = 'echo "[default]\ncredential_process = /bin/false"';
    const changes = [
      `${program} > settings/aws/config`,
      'mv settings other',
      'rm -r settings',
      'mv settings/aws other',
    ];
    const script = changes.map((change) => `(${change}) 2>/dev/null && echo "${change}"`).join('\n');
    const ran = await world.run([
      'sh',
      '-c',
      `${script}\ncat settings/aws/config; touch settings/new && echo done`,
    ]);
    expect(String(ran.stdout)).toBe('done\n');
    expect(readFileSync(config, 'utf8')).toBe('[default]\nregion = eu-west-1\n');
  });

  it('for a secret of a repeater is closed to the agent, wherever it lies', async () => {
    writeFileSync(join(world.workspace, 'key'), 'THE-KEY');
    const key = join(world.workspace, 'key');
    writeFileSync(
      world.config,
      `version: 1\nrepeaters: { http: { upstreams: { one: { host: example.invalid, auth: bearer, secret: "file:${key}" } } } }\n`,
    );
    const ran = await world.run(['sh', '-c', 'cat key; rm -f key; echo mine > key; mv key other; ls']);
    expect(String(ran.stdout)).toBe('key\n');
    expect(readFileSync(key, 'utf8')).toBe('THE-KEY');
  });
});
