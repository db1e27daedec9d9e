// One Ed25519 key per machine and user. It does one thing: vouch, when a session starts, for the key that signs that
// session's checkpoints. Whoever can read this file can invent sessions; nobody can use it to change an old one, whose
// own key is gone.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type AuditCertificate, certify } from '../audit/certificate.js';
import { SEED_BYTES, signingKey } from '../crypto/ed25519.js';
import { mintKeyPair } from '../crypto/nacl.js';
import { TurretError } from '../errors.js';
import { makeDirectories } from './make-directories.js';

const HOST_KEY_FILE = 'host.key';
const FORM = /^turret-host-key-v1 (?<seed>[A-Za-z0-9_-]{43})\n$/;

export interface HostKey {
  publicKey: Buffer;
  /** Vouches for the audit key of one session. */
  certify(sid: Uint8Array, auditKey: Uint8Array): AuditCertificate;
}

/** The host key, made on first use. Throws `state_unwritable` when it cannot be made or others can read it. */
export function loadHostKey(stateDirectory: string): HostKey {
  const file = join(stateDirectory, HOST_KEY_FILE);
  const seed = readSeed(file) ?? mint(stateDirectory, file);
  const key = signingKey(seed);
  seed.fill(0);
  return { publicKey: key.publicKey, certify: (sid, auditKey) => certify(key, sid, auditKey) };
}

/** The public half for whoever verifies; undefined when this machine has no host key. */
export function hostPublicKey(stateDirectory: string): Buffer | undefined {
  const seed = readSeed(join(stateDirectory, HOST_KEY_FILE));
  return seed === undefined ? undefined : signingKey(seed).publicKey;
}

function readSeed(file: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable('cannot be opened', error);
  }
  try {
    const { mode, uid } = fstatSync(fd);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.())
      throw unusable('is readable by others or not yours');
    const seed = FORM.exec(readFileSync(fd, 'latin1'))?.groups?.['seed'];
    const bytes = Buffer.from(seed ?? '', 'base64url');
    if (bytes.length !== SEED_BYTES) throw unusable('is not a host key');
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Two sessions may start at once: link(2) lets exactly one key win, and it appears whole. */
function mint(stateDirectory: string, file: string): Buffer {
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const { seed } = mintKeyPair(randomBytes(SEED_BYTES));
  try {
    makeDirectories(stateDirectory);
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, `turret-host-key-v1 ${seed.toString('base64url')}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
    return seed;
  } catch (error) {
    const other =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? readSeed(file) : undefined;
    if (other === undefined) throw unusable('cannot be written', error);
    return other;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function unusable(what: string, cause?: unknown): TurretError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new TurretError('state_unwritable', `the host key in the state directory ${what}${why}`, {
    cause,
    hints: [
      'make room there and make it writable: nothing runs that cannot be recorded',
      'or move host.key away to have a new one made (old sessions then say so)',
    ],
  });
}
