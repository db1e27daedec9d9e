import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programFiles } from '../../../repeaters/sdk/sandbox/program-files.js';
import { View } from '../../../repeaters/sdk/sandbox/view.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'turret-view-')));
});
afterEach(() => rmSync(root, { recursive: true }));

function file(name: string, content = ''): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

function link(name: string, target: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
  return path;
}

describe('what a program sees', () => {
  const shown = (...paths: string[]): string[] => {
    const view = new View();
    for (const path of paths) view.show(path);
    return view.words.map((word) => word.replace(`${root}/`, ''));
  };

  it('is a file where it is', () => {
    expect(shown(file('a/b'))).toEqual(['--ro-bind', 'a/b', 'a/b']);
  });
  it('has every link on the way, as it is written, and what it leads to', () => {
    file('real/lib/python');
    link('current', 'real');
    link('bin/python', '../current/lib/python');
    expect(shown(join(root, 'bin/python'))).toEqual([
      ...['--symlink', '../current/lib/python', 'bin/python'],
      ...['--symlink', 'real', 'current'],
      ...['--ro-bind', 'real/lib/python', 'real/lib/python'],
    ]);
  });
  it('is said once, and not again for what lies in a directory that is shown', () => {
    const inside = file('tree/bin/x');
    link('tree/bin/y', 'x');
    expect(shown(join(root, 'tree'), inside, join(root, 'tree/bin/y'), join(root, 'tree'))).toEqual([
      '--ro-bind',
      'tree',
      'tree',
    ]);
  });
  it('follows a link out of a directory that is shown', () => {
    file('elsewhere/z');
    mkdirSync(join(root, 'tree'));
    link('tree/z', '../elsewhere/z');
    expect(shown(join(root, 'tree'), join(root, 'tree/z')).slice(3)).toEqual([
      '--ro-bind',
      'elsewhere/z',
      'elsewhere/z',
    ]);
  });
  it('lacks what does not exist, and links that lead nowhere end', () => {
    link('a', 'b');
    link('b', 'a');
    expect(shown(join(root, 'missing'))).toEqual([]);
    expect(shown(join(root, 'a')).filter((word) => word === '--ro-bind')).toEqual([]);
  });
  it('does not grow with the view of one call', () => {
    const base = new View();
    base.show(file('a'));
    new View(base).show(file('b'));
    expect(base.words).toHaveLength(3);
  });
});

describe('files of a program', () => {
  const of = (program: string, path = ''): string[] =>
    programFiles(program, path)
      .filter((name) => name.startsWith(root))
      .map((name) => name.slice(root.length + 1));

  it('are itself when it needs no interpreter, and not what lies beside it', () => {
    file('home/.aws/credentials');
    expect(of(file('home/gh', '\x7fELF'))).toEqual(['home/gh']);
    expect(of(file('home/bin/gh', '\x7fELF'))).toEqual(['home/bin/gh']);
  });
  it('are its interpreter and the Python that belongs to, not the directory that is installed in', () => {
    file('home/.local/share/secrets');
    const python = file('home/.local/bin/python3');
    expect(of(file('home/.local/bin/aws', `#!${python} -E\n`)).sort()).toEqual(
      ['aws', 'python3']
        .map((name) => `home/.local/bin/${name}`)
        .concat(['bin', 'lib', 'lib64', 'pyvenv.cfg'].map((name) => `home/.local/${name}`))
        .sort(),
    );
  });
  it('are both Pythons of a virtual environment', () => {
    const base = file('python/3.11/bin/python3.11');
    link('venv/bin/python', base);
    file('venv/pyvenv.cfg', `home = ${dirname(base)}\nversion = 3.11\n`);
    const files = of(file('venv/bin/aws', `#!${join(root, 'venv/bin/python')}\n`));
    expect(files).toEqual(
      expect.arrayContaining(['venv/lib', 'venv/pyvenv.cfg', 'python/3.11/lib', 'venv/bin/aws']),
    );
  });
  it('are what env finds on PATH', () => {
    const python = file('path/python3');
    expect(of(file('tool', '#!/usr/bin/env python3\n'), join(root, 'path'))).toEqual([
      'tool',
      python.slice(root.length + 1),
    ]);
    expect(programFiles(join(root, 'tool'), '')).toContain('/usr/bin/env');
  });
  it('are the whole directory where a program brings its libraries along', () => {
    file('aws-cli/v2/dist/libpython3.11.so.1.0');
    expect(of(file('aws-cli/v2/dist/aws', '\x7fELF'))).toEqual(['aws-cli/v2/dist', 'aws-cli/v2/dist/aws']);
  });
});
