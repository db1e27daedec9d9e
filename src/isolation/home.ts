// What of the home directory an agent needs to work at all. Everything else of it does not exist inside.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';

import { KNOWN_AGENTS, type KnownAgent, knownAgent } from '../agents/agents.js';
import { makeDirectories } from '../platform/make-directories.js';
import { realPath, realPlace } from '../platform/paths.js';
import { holdsCredential } from '../platform/secret-shape.js';
import { packageTree } from './package-tree.js';

/** Caches that everybody's tools write, and run programs from. The agent's are its own: your next npx would run what it left in yours. */
const CACHES = ['.npm', '.cache'];
/** Below HOME: where they are kept for the next session. */
const CACHES_OF_AGENTS = '.cache/turret/agents';
const OF_AGENTS = KNOWN_AGENTS.flatMap(({ home, read = [] }) => [...home, ...read]);
/** Toolchains and settings without credentials. `.npmrc`, `.cargo/credentials.toml` and `.config/gh` are not here on purpose. */
const READABLE = [
  '.nvm', '.fnm', '.volta', '.bun', '.deno', '.pyenv', '.rbenv', '.rustup', '.cargo/bin', '.cargo/env', '.local/bin',
  '.local/share/uv', '.local/share/fnm', '.local/share/pnpm', '.asdf', '.sdkman', 'go/bin',
  '.inputrc',
]; // prettier-ignore
/** Settings that people write keys into: shown unless there is one. */
const SETTINGS = [
  '.gitconfig', '.config/git/config', '.bashrc', '.profile', '.bash_profile', '.bash_login', '.bash_aliases', '.zshrc',
  '.zshenv', '.zprofile',
]; // prettier-ignore
const SETTINGS_BYTES_MAX = 1_048_576;
/** Never shown because a program lies next to them. */
const SENSITIVE = new Set([
  '.aws',
  '.ssh',
  '.gnupg',
  '.config',
  '.kube',
  '.docker',
  '.local',
  '.azure',
  '.netrc',
]);

export interface HomeAllowed {
  read: string[];
  write: string[];
  /** Shown as what is in HOME, and really kept elsewhere. */
  caches: { shown: string; kept: string }[];
}

/** Makes them where HOME can be written; elsewhere the agent has none. */
export function makeCaches(home: string): void {
  for (const { kept } of cachesIn(home)) {
    try {
      makeDirectories(kept);
    } catch {
      // What it writes is gone with the session.
    }
  }
}

const cachesIn = (home: string): HomeAllowed['caches'] =>
  CACHES.map((path) => ({ shown: join(home, path), kept: join(home, CACHES_OF_AGENTS, path) }));

/** The parts of HOME, a real path, that exist and that the agent may see. A path may be in both: then the later word, `read`, holds. */
export function homeAllowed(home: string, allow: string[], program: string | undefined): HomeAllowed {
  const allowed = allow.map((path) =>
    path.startsWith('~/') ? join(home, path.slice(2)) : resolve(home, path),
  );
  const there = (paths: string[]): string[] => paths.filter((path) => existsSync(path));
  const agents = agentsFrom(program);
  const own = agents.flatMap((agent) => agent.home);
  const readable = agents.flatMap((agent) => agent.read ?? []);
  return {
    write: there([...own.map((path) => join(home, path)), ...allowed]),
    // Where somebody allowed all of .cache, a session may have left a link to other things of HOME in its place.
    caches: cachesIn(home).filter(({ kept }) => realPath(kept) === kept),
    read: there([
      ...[...READABLE, ...readable].map((path) => join(home, path)),
      ...SETTINGS.map((path) => join(home, path)).filter(isWithoutCredential),
      ...ownTree(home, program),
    ]),
  };
}

// Login, settings and history of an agent are its own; another agent's login is a key like any other. From a program that
// nobody knows, a shell or npx, any of them may be started.
function agentsFrom(program: string | undefined): readonly KnownAgent[] {
  const known = knownAgent(program);
  return known === undefined ? KNOWN_AGENTS : [known];
}

/** Real paths of what an agent that is started here may write, at every level that holds files. */
export function agentWrites({
  cwd,
  home,
  homeAllow,
  program,
}: {
  cwd: string;
  home: string;
  homeAllow: string[];
  program: string | undefined;
}): string[] {
  const { write, caches } = homeAllowed(realPlace(home), homeAllow, program);
  return [cwd, ...write, ...caches.map(({ kept }) => kept)].map(realPlace);
}

function isWithoutCredential(file: string): boolean {
  try {
    const { size } = statSync(file);
    return size <= SETTINGS_BYTES_MAX && !holdsCredential(readFileSync(file, 'utf8'));
  } catch {
    // Not there, not a file, not ours to read.
    return false;
  }
}

// A program installed below HOME (npm prefix, a script) needs its own files: the directory of HOME it lies in.
function ownTree(home: string, program: string | undefined): string[] {
  if (program === undefined) return [];
  const rest = relative(home, program);
  if (rest.startsWith('..') || isAbsolute(rest) || rest === '') return [];
  const [first = ''] = rest.split('/');
  const isIn = (path: string): boolean => rest === path || rest.startsWith(`${path}/`);
  if ([...OF_AGENTS, ...READABLE].some(isIn)) return [];
  // npx keeps there what it runs.
  if (CACHES.some(isIn)) return [packageTree(program) ?? program];
  return SENSITIVE.has(first) ? [program] : [join(home, first)];
}
