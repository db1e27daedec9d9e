// The credentials of a declared tool, put where the tool finds them and nobody else does, for one call. A declared tool
// holds the real credential while it runs: there is no injector that knows its protocol.

import { mkdir, open, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { DeclaredCredential } from '../../src/config/declared.js';
import { TurretError } from '../../src/errors.js';
import { CREDENTIAL_FILE_BYTES_MAX } from '../../src/protocol/limits.js';
import { keepSecret } from '../sdk/own-secrets.js';

export interface Held {
  credential: DeclaredCredential;
  value: string;
}

export interface Given {
  /** Come before the words of the call. */
  argv: string[];
  env: Record<string, string>;
}

export interface Sources {
  give: readonly DeclaredCredential[];
  /** Values of `secrets`. */
  secrets: Record<string, string>;
  /** Where relative files start. */
  directory: string;
}

/**
 * Every credential as it is now: a file may have been renewed since the last call.
 * @throws TurretError `repeater_unavailable` when one is not there
 */
export async function readCredentials({ give, secrets, directory }: Sources): Promise<Held[]> {
  return Promise.all(
    give.map(async (credential) => {
      const { secret, file } = credential;
      const value = file === undefined ? secrets[secret ?? ''] : await readFileAt(placeOf(file, directory));
      if (value === undefined || value === '')
        throw new TurretError('repeater_unavailable', `the credential ${secret ?? file} is not there`, {
          hints: [file === undefined ? `set ${secret} before turret run` : `look at ${file}`],
        });
      keepSecret(...secretsIn(value));
      return { credential, value };
    }),
  );
}

function placeOf(file: string, directory: string): string {
  return file.startsWith('~/') ? join(homedir(), file.slice(2)) : resolve(directory, file);
}

async function readFileAt(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(CREDENTIAL_FILE_BYTES_MAX + 1);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      if (bytesRead <= CREDENTIAL_FILE_BYTES_MAX) return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new TurretError('repeater_unavailable', `the credential file ${path} cannot be read (${code})`, {
      cause,
      hints: ['give: in the manifest names it'],
    });
  }
  throw new TurretError('repeater_unavailable', `the credential file ${path} is too large`, {
    hints: [`it may have ${CREDENTIAL_FILE_BYTES_MAX} bytes`],
  });
}

/** Looks like a name, an address or a word of a settings file: nobody is helped by taking those out of what a tool says. */
const ORDINARY =
  /^(?:[a-z]+:\/\/[^@]*|[A-Za-z][a-z-]{0,19}|[\w.-]+\.[a-z]{2,}(?::\d+)?|[~/.][\w./-]{0,80}|.*:)$/;
const WORD_BYTES_MIN = 12;

/** The value, or the words of a file that may be a secret by themselves. */
export function secretsIn(value: string): string[] {
  if (!/\s/.test(value.trim())) return [value.trim()];
  return value
    .split(/[\s"',]+/)
    .filter((word) => Buffer.byteLength(word) >= WORD_BYTES_MIN && !ORDINARY.test(word));
}

/**
 * Puts them into a directory of the call.
 * @param place `given` for files that are named, `home` for the tool's HOME; both exist
 */
export async function giveCredentials(
  held: readonly Held[],
  place: { given: string; home: string },
): Promise<Given> {
  const given: Given = { argv: [], env: {} };
  for (const [index, { credential, value }] of held.entries()) {
    const { env, path_env, path_option, home_file } = credential;
    if (env !== undefined) {
      given.env[env] = value;
      continue;
    }
    const path = home_file === undefined ? join(place.given, String(index)) : join(place.home, home_file);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, value, { mode: 0o600, flag: 'wx' });
    if (path_env !== undefined) given.env[path_env] = path;
    if (path_option !== undefined) given.argv.push(...optionWords(path_option, path));
  }
  return given;
}

function optionWords(option: string, path: string): string[] {
  return option.startsWith('--') ? [`${option}=${path}`] : [option, path];
}
