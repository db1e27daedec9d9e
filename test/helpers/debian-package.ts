// Files of a Debian package, beside whatever this machine has installed under the same names. Fetched once, by apt, from
// where this machine has its packages; nothing is installed.

import { type StdioOptions, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve('node_modules/.cache/debian');
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
/** Of the root user's apt: a full package list takes its time. */
const MS_MAX = 300_000;

/** @returns the directory that stands for `/`. Throws when apt does not have it. */
export function debianPackage(name: string, parts: readonly string[] = [name]): string {
  const place = join(CACHE, name);
  if (existsSync(place)) return place;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, '.fetching-'));
  try {
    fetch(parts, scratch);
    const archives = readdirSync(scratch).filter((file) => file.endsWith('.deb'));
    if (archives.length !== parts.length) throw new Error(`apt-get download ${name} left too little behind`);
    const root = join(scratch, 'root');
    for (const archive of archives) run('dpkg-deb', ['-x', join(scratch, archive), root], scratch);
    // Whoever came first has the same files.
    if (!existsSync(place)) renameSync(root, place);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return place;
}

/** Debian's Go: its program, and GOROOT. The packages are called after its version. */
export function debianGo(): { program: string; root: string } {
  mkdirSync(CACHE, { recursive: true });
  const listed = existsSync(join(CACHE, 'golang-go')) ? [] : goPackages();
  const lib = join(debianPackage('golang-go', listed), 'usr/lib');
  const version = readdirSync(lib).find((name) => /^go-[0-9]/.test(name));
  if (version === undefined) throw new Error("Debian's golang-go has no Go in it");
  const root = join(lib, version);
  return { program: join(root, 'bin/go'), root };
}

function goPackages(): string[] {
  const depends = (): string[] | undefined => {
    const said = run('apt-cache', ['depends', 'golang-go'], CACHE);
    return /^ +Depends: (golang-[0-9.]+-go)$/m.exec(said)?.slice(1);
  };
  const [program] = withLists(CACHE, depends) ?? [];
  if (program === undefined) throw new Error('apt-cache does not know golang-go');
  return [program, program.replace(/go$/, 'src')];
}

function fetch(names: readonly string[], directory: string): void {
  withLists(directory, () => run('apt-get', ['download', ...names], directory));
}

/** A machine may have no package lists yet. */
function withLists<T>(directory: string, ask: () => T): T {
  try {
    const answer = ask();
    if (answer !== undefined) return answer;
  } catch {
    // Asked again below.
  }
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const [file, ...words] = [...root, 'apt-get', 'update'] as const;
  run(file, words, directory);
  return ask();
}

function run(file: string, words: string[], cwd: string): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  return execFileSync(file, words, { cwd, env: ENVIRONMENT, stdio, timeout: MS_MAX, encoding: 'utf8' });
}
