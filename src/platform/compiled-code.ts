// What V8 made of our own files, kept for the next start: reading them is a third of what a session waits for.
//
// It is code that runs with all our rights, so it lies in the state directory, which no agent in a sandbox sees or can
// exchange (fixed-files.ts). It is believed when it is ours alone and as it was written, and only for the very text it was
// made of: V8 itself compares no more than lengths, and crashes of a byte that is wrong. In doubt the text is read.

import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';

import { installed } from '../installation.js';
import { COMPILED_BYTES_MAX } from '../protocol/limits.js';
import { makeDirectories } from './make-directories.js';
import { stateDirectory } from './state-directory.js';

interface Piece {
  /** SHA-256 of the text, hex. */
  text: string;
  compiled: Buffer;
}
/** By absolute path. */
type Pieces = Map<string, Piece>;

const DIGEST_BYTES = 32;
const OURS = installed('dist/');
/** Of another Node V8 refuses it, and has to look at it first. */
const MADE_BY = `${process.version} ${process.arch}`;

const compiledDirectory = (state: string): string => join(state, 'compiled');

/** Where it is kept, for the sandbox to hold: what is there cannot be made by an agent. Empty where it cannot be made. */
export function makeCompiledDirectory(env: NodeJS.ProcessEnv): string[] {
  try {
    const state = stateDirectory(env);
    makeDirectories(state);
    makeDirectory(compiledDirectory(state));
    return [compiledDirectory(state)];
  } catch {
    // No HOME, or a state directory that cannot be written: it is told elsewhere.
    return [];
  }
}

/**
 * From now on our bundles (`.cjs`) are taken as they were compiled in a process of this name before. What was not is remembered when this
 * process ends, when its agent has ended too. Nothing here fails: without it all is as with it, only slower.
 */
export function useCompiledCode(name: string): void {
  const file = fileFor(name);
  if (file === undefined) return;
  const kept = readPieces(file);
  const fresh = new Map<string, { text: string; script: vm.Script }>();
  // Documented, and the way Node itself takes.
  const { extensions } = createRequire(import.meta.url);
  const usual = extensions['.js'];
  extensions['.cjs'] = (module, path) => {
    if (!path.startsWith(OURS)) return usual?.(module, path);
    const source = readFileSync(path, 'utf8');
    const text = sha256(source).toString('hex');
    const known = kept.get(path);
    const cachedData = known?.text === text ? known.compiled : undefined;
    const script = new vm.Script(Module.wrap(source), {
      filename: path,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    if (cachedData === undefined || script.cachedDataRejected === true) fresh.set(path, { text, script });
    const run = script.runInThisContext() as (...given: unknown[]) => void;
    run.call(module.exports, module.exports, module.require.bind(module), module, path, dirname(path));
  };
  process.once('exit', () => {
    if (fresh.size === 0) return;
    // Of a version that is gone.
    for (const path of kept.keys()) if (!existsSync(path)) kept.delete(path);
    for (const [path, { text, script }] of fresh)
      kept.set(path, { text, compiled: script.createCachedData() });
    writePieces(file, kept);
  });
}

function fileFor(name: string): string | undefined {
  try {
    return join(compiledDirectory(stateDirectory(process.env)), name);
  } catch {
    // There is no HOME; whoever needs the state directory says so.
    return undefined;
  }
}

/** Empty when there is nothing that can be believed. */
export function readPieces(file: string): Pieces {
  try {
    if (!isOursAlone(lstatSync(dirname(file)))) return new Map();
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.nlink !== 1 || !isOursAlone(stat)) return new Map();
      if (stat.size > COMPILED_BYTES_MAX) return new Map();
      return parse(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  } catch {
    // Not there, or not as we wrote it.
    return new Map();
  }
}

function isOursAlone({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

function parse(bytes: Buffer): Pieces {
  const content = bytes.subarray(DIGEST_BYTES);
  const pieces: Pieces = new Map();
  if (!bytes.subarray(0, DIGEST_BYTES).equals(sha256(content))) return pieces;
  const end = content.indexOf('\n');
  const { by, list } = JSON.parse(content.toString('utf8', 0, end)) as Header;
  if (by !== MADE_BY) return pieces;
  let at = end + 1;
  for (const [path, text, length] of list) {
    pieces.set(path, { text, compiled: content.subarray(at, at + length) });
    at += length;
  }
  return pieces;
}

interface Header {
  by: string;
  /** Path, digest of its text, bytes that follow. */
  list: [string, string, number][];
}

/** Whole or not at all. A disk that is full or read-only is no reason to fail. */
export function writePieces(file: string, pieces: Pieces): void {
  const header: Header = {
    by: MADE_BY,
    list: [...pieces].map(([path, { text, compiled }]) => [path, text, compiled.length]),
  };
  const compiled = [...pieces.values()].map((piece) => piece.compiled);
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...compiled]);
  if (content.length + DIGEST_BYTES > COMPILED_BYTES_MAX) return;
  const made = `${file}.${process.pid}`;
  try {
    makeDirectory(dirname(file));
    try {
      writeFileSync(made, Buffer.concat([sha256(content), content]), { mode: 0o600, flag: 'wx' });
      renameSync(made, file);
    } finally {
      // A part of it would take the last of a full disk from the log, without which nothing runs.
      rmSync(made, { force: true });
    }
  } catch {
    // The next start reads the texts.
  }
}

// Where there is a state directory: a command that needs none is no reason to make one.
function makeDirectory(directory: string): void {
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
}

function sha256(content: string | Buffer): Buffer {
  return createHash('sha256').update(content).digest();
}
