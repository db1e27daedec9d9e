// Writing a new file, agents on PATH, and the list of repeaters.

import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RepeaterConfig } from '../../../src/config/config.js';
import { KNOWN_AGENTS } from '../../../src/agents/agents.js';
import { findAgents } from '../../../src/setup/agents-found.js';
import { init } from '../../../src/setup/init.js';
import { listRepeaters } from '../../../src/setup/repeater-list.js';
import { writeConfig } from '../../../src/setup/write-config.js';
import { repeaterLines } from '../../../src/ui/repeater-list.js';
import { colorsFor } from '../../../src/ui/colors.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

let home: TemporaryHome;
beforeEach(() => {
  home = temporaryHome();
});
afterEach(() => home.remove());

describe('writing turret.yaml', () => {
  const write = (file: string, force: boolean, text = 'new'): void =>
    writeConfig({ file, text, force, forceHint: '--force' });

  test('makes directories and a file that nobody else can read, and leaves nothing beside it', () => {
    const file = join(home.path, 'a/b/turret.yaml');
    write(file, false);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home.path, 'a/b'))).toEqual(['turret.yaml']);
  });
  test('never replaces a file unless it is told to', () => {
    const file = home.write('turret.yaml', 'mine');
    expect(() => write(file, false)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(home.path)).toEqual(['turret.yaml']);
    write(file, true);
    expect(readFileSync(file, 'utf8')).toBe('new');
  });
  test('says that it cannot, when a file stands where a directory should be', () => {
    const file = home.write('file', '');
    expect(() => write(`${file}/turret.yaml`, true)).toThrow(
      expect.objectContaining({ code: 'state_unwritable' }) as Error,
    );
  });
});

describe('a project file', () => {
  const options = (more: { print?: boolean; force?: boolean } = {}) => ({
    cwd: home.path,
    env: {},
    project: true,
    print: false,
    force: false,
    ...more,
  });

  test('is made once, and not beside another project file even with force', async () => {
    expect(await init(options())).toMatchObject({
      written: true,
      file: join(home.path, '.turret/turret.yaml'),
    });
    await expect(init(options())).rejects.toMatchObject({ code: 'usage' });
    home.write('turret.yaml', 'version: 1\n');
    await expect(init(options({ force: true }))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('project file already') as string,
    });
  });
  test('is only shown with print', async () => {
    expect(await init(options({ print: true }))).toMatchObject({ written: false });
    expect(readdirSync(home.path)).toEqual([]);
  });
});

test('agents are programs in absolute directories of PATH, with the names of their keys', () => {
  home.write('bin/claude', '', 0o755);
  home.write('bin/codex', '', 0o644);
  mkdirSync(join(home.path, 'bin/gemini'));
  const env = { PATH: `${home.path}/bin`, ANTHROPIC_API_KEY: 'x', OPENAI_API_KEY: 'x' };
  expect(findAgents(env)).toEqual([{ program: 'claude', keys: ['ANTHROPIC_API_KEY'] }]);
  for (const { commands } of KNOWN_AGENTS)
    for (const program of commands) home.write(`all/${program}`, '', 0o755);
  expect(findAgents({ PATH: `${home.path}/all` }).map(({ program }) => program)).toEqual(
    KNOWN_AGENTS.flatMap(({ commands }) => commands),
  );
  expect(findAgents({ PATH: relative(process.cwd(), join(home.path, 'bin')) })).toEqual([]);
});

describe('the list of repeaters', () => {
  const list = (repeater: Partial<RepeaterConfig>) => {
    const [listed] = listRepeaters(
      { it: { name: 'it', kind: 'it', directory: home.path, ...repeater } },
      { PATH: join(home.path, 'bin') },
    );
    if (listed === undefined) throw new Error('one was given');
    return listed;
  };

  test('a built-in one serves its tools, and is told when the tool is not there', () => {
    expect(list({ kind: 'gh' })).toMatchObject({
      tools: ['gh'],
      builtIn: true,
      problems: ['gh is not on your PATH'],
    });
    home.write('bin/gh', '', 0o755);
    expect(list({ kind: 'gh' }).problems).toEqual([]);
  });
  test('a program of cli: must be one', () => {
    expect(list({ kind: 'aws', cli: join(home.path, 'aws') }).problems).toEqual([
      `cli: ${home.path}/aws is not a program`,
    ]);
    expect(list({ kind: 'aws', cli: home.write('aws', '', 0o755) }).problems).toEqual([]);
  });
  test('a kind nobody serves is a problem', () => {
    expect(list({ kind: 'nobodys' }).problems).toEqual([
      'no repeater of kind nobodys comes with turret, and it has no command',
    ]);
    expect(list({ kind: 'echo' }).problems).toEqual([]);
  });
  test('a command starts at the file that names it', () => {
    const mine: Partial<RepeaterConfig> = { command: ['./mine.sh'], profile: 'line', tools: ['mine'] };
    expect(list(mine).problems).toEqual([`${home.path}/mine.sh is not an executable file`]);
    home.write('mine.sh', '', 0o755);
    expect(list(mine)).toMatchObject({ tools: ['mine'], profile: 'line', builtIn: false, problems: [] });
  });
  test('a name is looked for in system directories, not on the PATH of whoever asks', () => {
    home.write('bin/turret-test-mine', '', 0o755);
    expect(list({ command: ['turret-test-mine'], profile: 'line' }).problems).toHaveLength(1);
    expect(list({ command: ['sh'], profile: 'line' }).problems).toEqual([]);
  });
  test('an exec repeater needs actions', () => {
    expect(list({ command: ['sh'], profile: 'exec' }).problems).toEqual([
      'an exec repeater must list its actions',
    ]);
    expect(list({ command: ['sh'], profile: 'exec', actions: [{ name: 'do' }] }).problems).toEqual([]);
  });
  test('a manifest that completed the block is not read again', () => {
    const { problems, credential } = list({
      manifest: 'none.yaml',
      command: ['sh'],
      profile: 'line',
      secrets: ['KEY'],
    });
    expect([problems, credential?.found]).toEqual([[], false]);
    expect(list({ manifest: 'none.yaml' }).problems).toHaveLength(2);
  });
  test('is a table, with what is wrong below it', () => {
    const lines = repeaterLines(
      [list({ kind: 'gh', credentials: 'env', host: 'github.com' })],
      colorsFor({}, {}),
    );
    expect(lines[0]).toMatch(/^NAME +KIND +TOOLS +PROFILE +USER +SANDBOX +ENDPOINT +CREDENTIAL$/);
    expect(lines[1]).toMatch(/^it +gh +gh +built in +- +- +- +missing: nothing for github.com$/);
    expect(lines.slice(2)).toEqual([
      '',
      'it: gh is not on your PATH',
      'it: its calls fail until a credential is there: set GH_TOKEN',
    ]);
    expect(repeaterLines([], colorsFor({}, {}))).toEqual([expect.stringContaining('turret init') as string]);
  });
});
