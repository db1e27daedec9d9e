// Which program is taken for the real one, and what it is asked.

import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareAws } from '../../../repeaters/aws/cli.js';
import { findCli } from '../../../repeaters/sdk/find-cli.js';

const KIND = { tool: 'tool', product: 'the tool', version: /tool\/(\d+\.\d+\.\d+)/, env: { OWN: 'own' } };
let directory: string;
const before = { ...process.env };
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'turret-find-'));
});
afterEach(async () => {
  process.env = { ...before };
  await rm(directory, { recursive: true });
});

async function program(place: string, answer: string, name = 'tool'): Promise<string> {
  const path = join(directory, place, name);
  await mkdir(join(directory, place), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${answer}\n`);
  await chmod(path, 0o755);
  return path;
}
const saying = (place: string, version: string): Promise<string> => program(place, `echo tool/${version}`);
const find = (places: string[], configured?: string) =>
  findCli(KIND, {
    configured,
    path: places.map((place) => (place === '.' ? place : join(directory, place))).join(':'),
  });

const unusable = async (path: string, problem: string): Promise<void> => {
  await expect(find([], path)).rejects.toMatchObject({
    code: 'repeater_unavailable',
    message: `the configured tool program ${JSON.stringify(path)} cannot be used: ${problem}`,
  });
};

describe('the real program', () => {
  it('is the first on PATH that can be run', async () => {
    await mkdir(join(directory, 'folder/tool'), { recursive: true });
    await chmod(await saying('unfinished', '1.0.0'), 0o644);
    const real = await saying('bin', '2.1.3');
    await saying('later', '3.0.0');
    expect(await find(['missing', 'folder', 'unfinished', 'bin', 'later'])).toEqual({
      path: real,
      version: '2.1.3',
    });
  });

  it('is none that the agent could have put there or could exchange, however PATH leads to it', async () => {
    const search = { agentWrites: [join(directory, 'project')], configured: undefined };
    const theirs = await saying('project/bin', '6.6.6');
    const real = await saying('bin', '1.0.0');
    await mkdir(join(directory, 'links'));
    await symlink(theirs, join(directory, 'links/tool'));
    await mkdir(join(directory, 'project/node_modules/.bin'), { recursive: true });
    await symlink(real, join(directory, 'project/node_modules/.bin/tool'));
    await symlink('project', join(directory, 'aside'));
    await symlink('/bin/sh', join(directory, 'project/sh'));
    await writeFile(await saying('scripted', '6.6.6'), `#!${directory}/project/sh\necho tool/6.6.6\n`);
    const places = ['project/bin', 'links', 'project/node_modules/.bin', 'aside/bin', 'scripted', 'bin'];
    const path = places.map((place) => join(directory, place)).join(':');
    expect(await findCli(KIND, { ...search, path })).toEqual({ path: real, version: '1.0.0' });
    await expect(findCli(KIND, { ...search, path, configured: theirs })).rejects.toThrow(
      /cannot be used: the agent can change it$/,
    );
  });

  it('may be in a directory behind PATH', async () => {
    const [own, other] = [await saying('bin', '1.0.0'), await saying('more', '2.0.0')];
    const more = { ...KIND, more: ['missing', 'more', 'bin'].map((place) => join(directory, place)) };
    expect((await findCli(more, { configured: undefined, path: 'relative' })).path).toBe(other);
    expect((await findCli(more, { configured: undefined, path: join(directory, 'bin') })).path).toBe(own);
  });

  it('is the configured one, and no relative name', async () => {
    const real = await saying('own', '1.2.3');
    await saying('bin', '2.0.0');
    expect(await find(['bin'], real)).toEqual({ path: real, version: '1.2.3' });
    await unusable('tool', 'its path is not absolute');
    await unusable(relative(process.cwd(), real), 'its path is not absolute');
    await unusable(`${real}x`, 'it is not there');
    await unusable(directory, 'it is no file');
  });

  it.each([
    '.asdf/shims',
    '.local/share/mise/shims',
    '.pyenv/shims',
    'shims',
    '.volta/bin',
    '.turret/s1/bin',
  ])('is none in %s, which obeys files of the agent, not even when it is configured', async (place) => {
    const shim = await saying(place, '9.9.9');
    await mkdir(join(directory, 'link'));
    await symlink(shim, join(directory, 'link/tool'));
    const real = await saying('bin', '2.0.0');
    expect((await find([place, `${place}/`, 'link', 'bin'])).path).toBe(real);
    await unusable(shim, 'it obeys files of the working directory');
    await unusable(join(directory, 'link/tool'), 'it obeys files of the working directory');
  });

  it('is no link to anything else in such a directory either', async () => {
    await mkdir(join(directory, 'shims'));
    await symlink(await program('usr', 'echo tool/9.9.9', 'manager'), join(directory, 'shims/tool'));
    await expect(find([], join(directory, 'shims/tool'))).rejects.toThrow(
      /it obeys files of the working directory/,
    );
  });

  it('is no link to a version manager, and may be what one installed', async () => {
    await mkdir(join(directory, 'link'));
    await symlink(await program('usr', 'echo tool/9.9.9', 'mise'), join(directory, 'link/tool'));
    const real = await saying('.asdf/installs/tool/2.0.0/bin', '2.0.0');
    expect((await find(['link', '.asdf/installs/tool/2.0.0/bin'])).path).toBe(real);
  });

  it('is not one that others can replace: the file, its directory, or that of a link to it', async () => {
    const real = await saying('bin', '2.0.0');
    const written = await saying('written', '1.0.0');
    await chmod(written, 0o757);
    const open = await saying('open', '1.0.0');
    await mkdir(join(directory, 'link'));
    await symlink(open, join(directory, 'link/tool'));
    await mkdir(join(directory, 'swapped'));
    await symlink(real, join(directory, 'swapped/tool'));
    expect((await find(['link', 'bin'])).path).toBe(join(directory, 'link/tool'));
    await chmod(join(directory, 'open'), 0o777);
    await chmod(join(directory, 'swapped'), 0o777);
    expect((await find(['written', 'open', 'link', 'swapped', 'bin'])).path).toBe(real);
    await unusable(open, 'others can change it');
    if (process.getuid?.() !== 0) return;
    const foreign = await saying('foreign', '1.0.0');
    await chown(foreign, 65_534, 65_534);
    await unusable(foreign, 'others can change it');
  });

  it('is not looked for in the working directory', async () => {
    const cwd = process.cwd();
    process.chdir(join(await saying('here', '9.9.9'), '..'));
    try {
      await expect(find(['.'])).rejects.toMatchObject({
        code: 'repeater_unavailable',
        message: 'no tool program was found',
        hints: ['install the tool, or set cli: to its absolute path in turret.yaml'],
      });
    } finally {
      process.chdir(cwd);
    }
  });
});

describe('its version', () => {
  it('is asked in an empty directory, with an environment of nothing', async () => {
    process.env['SECRET'] = 'leak';
    const script = `ls -A > ${directory}/seen; echo "$SECRET$NODE_OPTIONS$OWN$LC_ALL" >> ${directory}/seen; echo tool/3.0.0`;
    expect((await find([], await program('bin', script))).version).toBe('3.0.0');
    expect(readFileSync(join(directory, 'seen'), 'utf8')).toBe('ownC.UTF-8\n');
  });

  it('is asked once, and again when another program has taken its place', async () => {
    const path = await program('bin', `echo x >> ${directory}/asked; echo tool/1.0.0`);
    expect([await find(['bin']), await find([], path)]).toEqual([
      { path, version: '1.0.0' },
      { path, version: '1.0.0' },
    ]);
    expect(readFileSync(join(directory, 'asked'), 'utf8')).toBe('x\n');
    await rm(path);
    await saying('other', '2.0.0');
    await saying('bin', '2.0.0');
    expect((await find(['bin'])).version).toBe('2.0.0');
  });

  it.each(['echo hello', 'echo tool/1.0.0; exit 1'])('is missed when the program says %j', async (script) => {
    const path = await program('bin', script);
    await expect(find(['bin'])).rejects.toMatchObject({
      code: 'repeater_unavailable',
      message: `${path} does not say its version`,
      hints: [`run ${path} --version yourself`],
    });
  });
});

it('of aws may be one that pyenv keeps, when that is first on PATH', async () => {
  for (const version of ['3.8.1', '3.9.2'])
    await program(`.pyenv/versions/${version}/bin`, 'echo aws-cli/1.2.3', 'aws');
  const own = await program('bin', 'echo aws-cli/2.0.0', 'aws');
  const path = join(directory, 'bin');
  const aws = async (where: string) => {
    const prepared = await prepareAws({
      configured: undefined,
      path: where,
      home: directory,
      sandbox: 'off',
    });
    return { path: prepared.path, version: prepared.version };
  };
  expect(await aws(path)).toEqual({ path: own, version: '2.0.0' });
  const managed = join(directory, '.pyenv/versions/3.8.1/bin');
  expect(await aws(managed)).toEqual({ path: join(managed, 'aws'), version: '1.2.3' });
});
