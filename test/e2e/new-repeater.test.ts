// `turret repeater new`: what it writes works as it is, in every language, and passes the project's own checks.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/config/manifest.js';
import { LANGUAGES } from '../../src/setup/new-repeater.js';
import { debianGo } from '../helpers/debian-package.js';
import { RepeaterBench } from '../helpers/repeater-bench.js';

const TURRET = path.resolve('bin/turret.js');
const KEY = 'the key of the skeleton';
let directory: string;
let env: Record<string, string>;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'turret-new-'));
  const bin = path.join(directory, 'bin');
  mkdirSync(bin);
  symlinkSync(TURRET, path.join(bin, 'turret'));
  symlinkSync(process.execPath, path.join(bin, 'node'));
  const go = debianGo();
  env = {
    PATH: [bin, path.dirname(go.program), '/usr/bin', '/bin'].join(':'),
    HOME: directory,
    GOROOT: go.root,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=mod',
    GOPROXY: 'off',
  };
}, 300_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(file: string, ...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(file, words, { cwd: directory, env, encoding: 'utf8' });
}

describe.each(LANGUAGES)('a new repeater in %s', (language) => {
  const name = `greeter_${language}`;
  const place = (file: string): string => path.join(directory, name, file);

  it('passes its own test, which is turret conformance', () => {
    const made = run('turret', 'repeater', 'new', name, '--lang', language);
    expect([made.stderr, made.status]).toEqual(['', 0]);
    const tested = run(place('test.sh'));
    expect(tested.stdout + tested.stderr).toContain('ok         calls');
    expect(tested.status).toBe(0);
  });

  it('greets, and signs with a key that it does not show', async () => {
    const file = place(`${name}.yaml`);
    const { value, problems } = parseManifest(readFileSync(file), file);
    expect(problems).toEqual([]);
    if (value === undefined) return;
    const { profile, command, actions } = value;
    if (profile === 'cli') throw new Error('it has a program');
    const paths = command.map((word) => (word.startsWith('./') ? place(word) : word));
    const words = paths.map((word) => (word === 'node' ? process.execPath : word));
    const program = {
      profile,
      command: words,
      directory: path.dirname(file),
      ...(actions === undefined ? {} : { actions }),
    };
    const bench = await RepeaterBench.start(program, { [`${name.toUpperCase()}_KEY`]: KEY });
    try {
      expect(await bench.call('greeting.read', { who: 'web; id' })).toMatchObject({
        stdout: 'hello, web; id\n',
      });
      const proof = createHash('sha256').update(`${KEY}web`).digest('hex');
      expect(await bench.call('greeting.sign', { who: 'web' })).toMatchObject({
        end: { ok: true, exit: 0 },
        stdout: `web ${proof}\n`,
      });
      expect(await bench.call('greeting.drop', {})).toMatchObject({ error: 'no_such_action' });
    } finally {
      await bench.stop();
    }
  });
});

describe('turret repeater new', () => {
  it('replaces nothing', () => {
    mkdirSync(path.join(directory, 'mine'));
    writeFileSync(path.join(directory, 'mine', 'mine.sh'), 'my work');
    const { status, stderr } = run('turret', 'repeater', 'new', 'mine', '--lang', 'bash');
    expect(status).toBe(2);
    expect(stderr).toContain('there is something already');
    expect(readdirSync(path.join(directory, 'mine'))).toEqual(['mine.sh']);
  });

  it('refuses a name that no action could begin with', () => {
    const { status, stderr } = run('turret', 'repeater', 'new', '../Mine', '--lang', 'bash');
    expect([status, stderr.includes('cannot be the name of a repeater')]).toEqual([2, true]);
  });

  it.each([
    ['go', 'apt-get install golang-go'],
    ['python', 'apt-get install python3'],
  ])('writes %s where there is none, and says what is missing', (language, hint) => {
    const name = `without_${language}`;
    const words = [TURRET, 'repeater', 'new', name, '--lang', language];
    const { status, stdout } = spawnSync(process.execPath, words, {
      cwd: directory,
      env: { PATH: '/nowhere', HOME: directory },
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toContain(hint);
    expect(readdirSync(path.join(directory, name))).toContain(`${name}.yaml`);
  });

  it('a repeater whose program is not there says so, and how to go on', () => {
    writeFileSync(
      path.join(directory, 'turret.yaml'),
      'version: 1\nrepeaters:\n  without_go: { manifest: without_go/without_go.yaml }\n',
    );
    const { status, stdout } = run('turret', 'repeater', 'list', '--config', 'turret.yaml');
    expect(status).toBe(1);
    expect(stdout).toContain('without_go is not an executable file');
    const tested = run('turret', 'conformance', '--manifest', 'without_go/without_go.yaml');
    expect([tested.status, tested.stderr.includes('without_go is not an executable file')]).toEqual([
      1,
      true,
    ]);
  });
});
