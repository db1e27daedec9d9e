// What has to be there for a program to start: its interpreter and the installation both belong to. An allow-list made by
// looking at the program; whether it is enough is found out by running it (prepare-cli.ts).

import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

/** Libraries, and data that every user of the machine may read. No programs that are found by their name. */
const SYSTEM = [
  '/lib', '/lib32', '/lib64', '/libx32', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libx32', '/usr/share', '/usr/local/lib',
] as const; // prettier-ignore
/** The loader's cache, settings of TLS and Python, the clock, and what aws guesses the content type of an upload from. */
const SETTINGS = [
  '/etc/ld.so.cache', '/etc/ssl/openssl.cnf', '/etc/pki/tls/openssl.cnf', '/etc/crypto-policies', '/etc/localtime',
  '/etc/timezone', '/etc/mime.types', '/etc/os-release', '/etc/nsswitch.conf',
] as const; // prettier-ignore
/** Installations that are a tree of their own, whatever is in it. */
const TREES = [
  /^\/opt\/[^/]+(?=\/)/,
  /^\/usr\/local\/aws-cli(?=\/)/,
  /^\/(?:nix|gnu)\/store(?=\/)/,
  /^\/home\/linuxbrew\/\.linuxbrew(?=\/)/,
];
/** Next to a program that brings its libraries along (PyInstaller, as the AWS CLI's own installer). */
const BUNDLE = /^(?:base_library\.zip|_internal|libpython.*\.so.*)$/;
const SYSTEM_PREFIXES = new Set(['/', '/usr', '/usr/local']);
const SHEBANG_BYTES_MAX = 256;

/** The same for every program of this machine. */
export function systemFiles(): string[] {
  const python = existsSync('/etc') ? readdirSync('/etc').filter((name) => name.startsWith('python3')) : [];
  return [...SYSTEM, ...SETTINGS, ...python.map((name) => join('/etc', name))];
}

/**
 * Files and directories, in the order in which they are to be shown.
 * @param program absolute path, without links
 * @param path where `#!/usr/bin/env` looks
 */
export function programFiles(program: string, path: string): string[] {
  const interpreter = interpreterOf(program, path);
  const pythons = interpreter
    .flatMap((file) => [file, realpathSync(file)])
    .filter((file) => basename(dirname(file)) === 'bin');
  return [
    ...new Set([
      ...[program, ...interpreter].flatMap((file) => ownTree(realpathSync(file))),
      ...pythons.flatMap((file) => pythonAt(dirname(dirname(file)))),
      program,
      ...interpreter,
    ]),
  ];
}

/** Not PyPy, nor what is no interpreter. */
const PYTHON = /^python(?:3(?:\.\d+)?)?$/;

/**
 * Words that start Python as the kernel does for this script, up to the script's name.
 * @returns undefined when it is no script of Python
 */
export function pythonOf(program: string, path: string): string[] | undefined {
  const [interpreter = '', ...words] = firstLineOf(program);
  const isEnv = basename(interpreter) === 'env' && words.length === 1;
  const found = isEnv ? interpreterOf(program, path)[1] : interpreter;
  if (found === undefined || !PYTHON.test(basename(found))) return undefined;
  // All that follows the interpreter is one argument.
  return isEnv || words.length === 0 ? [found] : [found, words.join(' ')];
}

/** The words of the first line; the first is a program that is there. */
function firstLineOf(program: string): string[] {
  const [, line = ''] = /^#![ \t]*([^\r\n]+)/.exec(headOf(program)) ?? [];
  const words = line.split(/[ \t]+/).filter((word) => word !== '');
  return words[0]?.startsWith('/') === true && existsSync(words[0]) ? words : [];
}

/** The words of a script's first line that are programs; `path` is where env looks. */
export function interpreterOf(program: string, path: string): string[] {
  const [interpreter, ...words] = firstLineOf(program);
  if (interpreter === undefined) return [];
  if (basename(interpreter) !== 'env') return [interpreter];
  const name = words.find((word) => !word.startsWith('-'));
  const found = path
    .split(delimiter)
    .map((directory) => join(directory, name ?? ''))
    .find((file) => name !== undefined && existsSync(file));
  return found === undefined ? [interpreter] : [interpreter, found];
}

function headOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(SHEBANG_BYTES_MAX);
    return head.toString('latin1', 0, readSync(handle, head));
  } finally {
    closeSync(handle);
  }
}

// Never the directory a program lies in just because it lies there: that may be somebody's home.
function ownTree(file: string): string[] {
  const tree = TREES.map((pattern) => pattern.exec(file)?.[0]).find((found) => found !== undefined);
  if (tree !== undefined) return [tree];
  const directory = dirname(file);
  return readdirSync(directory).some((name) => BUNDLE.test(name)) ? [directory] : [];
}

function pythonAt(prefix: string): string[] {
  if (SYSTEM_PREFIXES.has(prefix)) return [];
  const virtual = join(prefix, 'pyvenv.cfg');
  const settings = existsSync(virtual) ? readFileSync(virtual, 'utf8') : '';
  const [, home] = /^home\s*=\s*(\S.*?)\s*$/m.exec(settings) ?? [];
  const base = home === undefined || dirname(home) === prefix ? [] : pythonAt(dirname(home));
  return [...['bin', 'lib', 'lib64', 'pyvenv.cfg'].map((name) => join(prefix, name)), ...base];
}
