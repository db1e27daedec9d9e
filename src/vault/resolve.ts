// From references to values, before the agent gets the terminal: what asks the user (a passphrase, a password manager)
// asks now, and what is missing is said now. The values stay in this process until a repeater is started.

import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

import { TurretError } from '../errors.js';
import { leadsThrough, trustedPath } from '../platform/paths.js';
import { SECRET_BYTES_MAX, SECRET_COMMAND_MS_MAX } from '../protocol/limits.js';
import { type Reference, shownReference } from './reference.js';

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

export interface Wanted {
  reference: Reference;
  /** Of the file that names it: where relative paths start, and a command runs. */
  directory: string;
  /** Who wants it, for messages: `repeater "db"`. */
  for: string;
  /** Whoever wants it says so itself when it is not there. */
  optional?: true;
}
export interface ResolveSurroundings {
  env: NodeJS.ProcessEnv;
  /** Real paths of what the agent may write: no program is started from there. */
  agentWrites: readonly string[];
  /** Asked at most once; closed again. */
  openVault: () => Promise<OpenSource>;
}
export interface OpenSource {
  get(name: string): string | undefined;
  close(): void;
}

/** The values, in the order of `wanted`; undefined for what is optional and not there. Throws TurretError secret_missing for the first that is not there, and what opening the vault throws. */
export async function resolveSecrets(
  wanted: readonly Wanted[],
  { env, agentWrites, openVault }: ResolveSurroundings,
): Promise<(string | undefined)[]> {
  const values: (string | undefined)[] = [];
  let vault: OpenSource | undefined;
  try {
    // One after the other: two that ask at once would be answered in the wrong order.
    for (const one of wanted) {
      const { reference } = one;
      if (reference.kind === 'vault') vault ??= await openVault();
      const value =
        reference.kind === 'vault'
          ? vault?.get(reference.name)
          : await valueOf(reference, one, { env, agentWrites });
      const isThere = value !== undefined && value !== '';
      if (!isThere && one.optional === undefined) throw missing(one);
      values.push(isThere ? value : undefined);
    }
    return values;
  } finally {
    vault?.close();
  }
}

async function valueOf(
  reference: Exclude<Reference, { kind: 'vault' }>,
  wanted: Wanted,
  { env, agentWrites }: Omit<ResolveSurroundings, 'openVault'>,
): Promise<string | undefined> {
  switch (reference.kind) {
    case 'env':
      return env[reference.name];
    case 'systemd': {
      const credentials = env['CREDENTIALS_DIRECTORY'];
      return credentials === undefined ? undefined : fileText(join(credentials, reference.name), wanted);
    }
    case 'file': {
      const { path } = reference;
      return fileText(
        path.startsWith('~/') ? join(env['HOME'] ?? '/', path.slice(2)) : resolve(wanted.directory, path),
        wanted,
      );
    }
    case 'cmd':
      return commandText(reference.words, wanted, { env, agentWrites });
  }
}

function fileText(path: string, wanted: Wanted): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(fd);
    if (!status.isFile()) throw unusable(wanted, 'it is not a file');
    if (status.size > SECRET_BYTES_MAX) throw unusable(wanted, `it is longer than ${SECRET_BYTES_MAX} bytes`);
    return textOf(readFileSync(fd), wanted);
  } catch (error) {
    if (error instanceof TurretError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(wanted, code);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** What the program prints. Its questions go to the terminal, its complaints to ours; its input is empty. */
async function commandText(
  [program = '', ...words]: readonly string[],
  wanted: Wanted,
  { env, agentWrites }: Omit<ResolveSurroundings, 'openVault'>,
): Promise<string> {
  // Neither it nor what it starts: npx puts the workspace on PATH.
  const own = trustedPath(env['PATH'] ?? SYSTEM_PATH, agentWrites);
  const places = program.includes('/') ? [wanted.directory] : own.split(':');
  const path = places.map((directory) => resolve(directory, program)).find(isProgram);
  if (path !== undefined && leadsThrough(path, agentWrites))
    throw unusable(wanted, `${program} lies where the agent may write`);
  const child = spawn(path ?? program, words, {
    cwd: wanted.directory,
    env: { ...env, PATH: own },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: SECRET_COMMAND_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<{ code: number | null; signal: string | null } | Error>((settle) => {
    child.once('error', settle);
    child.once('close', (code, signal) => settle({ code, signal }));
  });
  const printed = await allOf(child.stdout);
  if (printed === undefined) child.kill('SIGKILL');
  const end = await ended;
  if (end instanceof Error)
    throw unusable(
      wanted,
      `${program} cannot be started (${(end as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    );
  if (printed === undefined) throw unusable(wanted, `it printed more than ${SECRET_BYTES_MAX} bytes`);
  if (end.code === 0) return textOf(printed, wanted);
  const how = end.signal === null ? `exited with ${end.code}` : 'did not answer in time';
  throw unusable(wanted, `${program} ${how}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us.
    return false;
  }
}

async function allOf(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > SECRET_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// One line break at the end is the program's that wrote it.
function textOf(bytes: Buffer, wanted: Wanted): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw unusable(wanted, 'it is not text');
  }
}

function missing(wanted: Wanted): TurretError {
  const { reference } = wanted;
  const shown = shownReference(reference);
  const fixes: Record<Reference['kind'], string> = {
    vault: `turret secrets set ${reference.kind === 'vault' ? reference.name : ''}`,
    env: `export ${reference.kind === 'env' ? reference.name : ''} where you start turret run`,
    systemd: 'LoadCredential= or LoadCredentialEncrypted= in the unit gives it',
    file: 'make the file, or write where it is',
    cmd: 'run it yourself: it must print the secret and nothing else',
  };
  return new TurretError('secret_missing', `${wanted.for} needs ${shown}, and there is nothing`, {
    hints: [fixes[reference.kind]],
  });
}

function unusable(wanted: Wanted, why: string): TurretError {
  return new TurretError(
    'secret_missing',
    `${wanted.for} needs ${shownReference(wanted.reference)}, which cannot be used: ${why}`,
    { hints: ['nothing was started without it'] },
  );
}
