// What is reached by links, and what a session refuses to be told by one that the agent could exchange.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { bubblewrapCommand, refuseHomeAsWorkspace } from '../../../src/isolation/bubblewrap.js';
import { fixedWithin, refuseVacant } from '../../../src/isolation/held.js';
import type { Config } from '../../../src/config/config.js';
import { fixedFiles } from '../../../src/session/fixed-files.js';
import { linksTo, realPlace } from '../../../src/platform/paths.js';

let root: string;
let work: string;
const at = (name: string): string => join(root, name);
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'paths-'));
  work = at('project');
  for (const name of ['project/real', 'home/.aws', 'home/.cache', 'elsewhere'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['project/real/turret.yaml', 'elsewhere/turret.yaml']) writeFileSync(at(name), '');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the way to a path', () => {
  test('is known by every link on it, and ends where they lead round in a circle', () => {
    symlinkSync('../project/real', at('elsewhere/up'));
    symlinkSync(at('elsewhere/up'), at('start'));
    expect(linksTo(at('start/turret.yaml')).map(({ link }) => link)).toEqual([
      at('start'),
      at('elsewhere/up'),
    ]);
    expect(linksTo(at('project/real/turret.yaml'))).toEqual([]);
    symlinkSync('circle', at('circle'));
    expect(linksTo(at('circle')).length).toBe(40);
  });

  test('leads to where something would be that is not there', () => {
    symlinkSync('project', at('start'));
    expect(realPlace(at('start/a/b'))).toBe(join(work, 'a/b'));
  });
});

describe('a file that decides over the agent', () => {
  const held = (file: string): string[] => fixedWithin([file], [work]);

  test('is held where it really lies', () => {
    symlinkSync('project/real', at('from-outside'));
    expect(held(at('from-outside/turret.yaml'))).toEqual([join(work, 'real/turret.yaml')]);
    expect(held(at('elsewhere/turret.yaml'))).toEqual([]);
    expect(held(at('project/not-there.yaml'))).toEqual([]);
  });

  test.each([
    ['itself a link', 'turret.yaml', 'real/turret.yaml', 'turret.yaml'],
    ['a link to outside', 'turret.yaml', '../elsewhere/turret.yaml', 'turret.yaml'],
    ['behind a link', '.turret', 'real', '.turret/turret.yaml'],
  ])('is refused where the agent could exchange the way to it: %s', (_, link, target, file) => {
    symlinkSync(target, join(work, link));
    expect(() => held(join(work, file))).toThrow(`is reached by the link ${join(work, link)}`);
  });
});

describe("a repeater of one's own", () => {
  const config = (directory: string): Config =>
    ({
      repeaters: {
        ops: { command: ['./ops.sh'], actions: [{ name: 'a.b', run: ['./other.sh'] }], directory },
        aws: { kind: 'aws', directory: work },
      },
      sources: [],
    }) as unknown as Config;
  const heldOf = (of: Config): string[] =>
    fixedWithin(fixedFiles(of, { env: {}, workspace: work }).fixed, [work]);

  test('is held with all that lies beside its manifest', () => {
    expect(heldOf(config(join(work, 'real')))).toEqual([join(work, 'real')]);
  });

  test('is held as far as its manifest names it, where that lies in the workspace itself', () => {
    for (const name of ['ops.sh', 'other.sh', 'lib.sh']) writeFileSync(join(work, name), '');
    const named = ['ops.sh', 'other.sh'].map((name) => join(work, name));
    expect(heldOf(config(work))).toEqual(named);
  });
});

test('files that secrets come from are held, and closed, by whatever word they are named', () => {
  for (const name of ['a', 'b', 'c']) writeFileSync(join(work, name), '');
  const repeaters = {
    one: { credentials: 'file:a', directory: work },
    two: { secretSources: { KEY: `file:${at('project/b')}` }, give: [{ file: 'c' }], directory: work },
  };
  const config = { repeaters, sources: [] } as unknown as Config;
  const { secrets, fixed } = fixedFiles(config, { env: {}, workspace: work });
  expect(secrets).toEqual(['a', 'b', 'c'].map((name) => join(work, name)));
  expect(fixed).toEqual(expect.arrayContaining(secrets));
});

describe('what would be believed', () => {
  const refused =
    (vacant: string[], fixed: string[] = []) =>
    () =>
      refuseVacant({ fixed, vacant }, [work]);

  test('must be there, where the agent could make it', () => {
    expect(refused([at('project/no/config')])).toThrow(
      `${at('project/no/config')} is not there, the agent could make it`,
    );
    expect(refused([at('project/no/config')], [at('project')])).toThrow('the agent would work in it');
    expect(refused([at('elsewhere/config')])).not.toThrow();
    symlinkSync('project', at('start'));
    expect(refused([at('start/config')])).toThrow(`${at('project/config')} is not there`);
    expect(refused([at('project/real/modules/none')], [at('project/real/modules')])).not.toThrow();
  });

  test('is not what the agent works in', () => {
    expect(refused([], [root])).toThrow(`${root} decides over the agent`);
  });
});

describe('what an agent is shown', () => {
  const command = (homeAllow: string[]): string[] =>
    bubblewrapCommand('/usr/bin/bwrap', {
      ...{ strict: false, network: true, cwd: work, home: at('home'), homeAllow, program: '/usr/bin/claude' },
      ...{
        agentDirectory: at('elsewhere'),
        agentSocket: at('elsewhere/socket'),
        tools: [],
        hidden: [],
        masked: [],
      },
      ...{ fixed: [], vacant: [], env: {} },
    });

  test('is not where a link leads that an earlier session left in a directory of its own', () => {
    mkdirSync(at('home/.claude/ours'), { recursive: true });
    expect(command(['.claude/ours'])).toContain(at('home/.claude/ours'));
    symlinkSync('../.aws', at('home/.claude/theirs'));
    expect(() => command(['.claude/theirs'])).toThrow('.claude/theirs is reached by the link');
  });

  test('is never a directory of keys', () => {
    const start = (cwd: string) => () => refuseHomeAsWorkspace({ home: at('home'), cwd });
    expect(start(at('home/.aws'))).toThrow('the working directory is ~/.aws');
    expect(start(at('home/.awsome'))).not.toThrow();
    symlinkSync('../elsewhere', at('home/.ssh'));
    expect(start(at('elsewhere'))).toThrow('the working directory is ~/.ssh');
  });
});
