// Landlock (landlock(7), Linux 5.13 and later): rights that a thread gives up for itself and for all it starts.
//
// Inside bubblewrap no file rights are given up: the mounts do that already, and an agent's own bubblewrap sandbox could
// not mount anything any more. Where there are no namespaces, the files are Landlock's.

import { closeSync, constants, openSync, statSync } from 'node:fs';

import { TurretError } from '../errors.js';
import type { Libc } from '../platform/libc.js';

export interface LandlockRules {
  /** TCP ports that may be connected to; absent: all of them. */
  connect?: number[];
  /** What of the file system there is; absent: nothing is given up. */
  files?: { read: string[]; write: string[] };
}

export interface LandlockSupport {
  /** Version of the kernel's interface; 0: none, or no way to it. */
  abi: number;
  /** Why there is no way to it. */
  problem: string | undefined;
}

/** What the kernel must know for a right. */
export const LANDLOCK_ABI = { files: 1, ports: 4, scopes: 6 } as const;

const CREATE_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const RULE_NET_PORT = 2;
const ACCESS_NET_CONNECT_TCP = 1n << 1n;
/** Abstract sockets and signals of processes that have not given up the same rights. */
const SCOPES = 0b11n;
const FILE = { execute: 1n, write: 2n, read: 4n, readDirectory: 8n, truncate: 1n << 14n, ioctl: 1n << 15n };
/** How many rights on files each ABI knows. */
const FILE_RIGHTS: readonly (readonly [abi: number, rights: bigint])[] = [
  [5, 16n],
  [3, 15n],
  [2, 14n],
  [1, 13n],
];
const O_PATH = 0o10000000;

/** 0 where the kernel has none. */
export function landlockAbi(libc: Libc): number {
  return Math.max(0, libc.landlockCreateRuleset(null, 0, CREATE_VERSION));
}

/**
 * Gives the rights up for the calling thread. What the kernel does not know is left out: ask landlockAbi first.
 * Throws TurretError isolation_unavailable when it refuses.
 */
export function restrictThread(libc: Libc, rules: LandlockRules): void {
  const abi = landlockAbi(libc);
  const handled = rules.files === undefined ? 0n : fileRights(abi);
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(handled, 0);
  if (rules.connect !== undefined && abi >= LANDLOCK_ABI.ports)
    attributes.writeBigUInt64LE(ACCESS_NET_CONNECT_TCP, 8);
  if (abi >= LANDLOCK_ABI.scopes) attributes.writeBigUInt64LE(SCOPES, 16);
  if (attributes.every((byte) => byte === 0)) return;
  // An older kernel refuses attributes it does not know unless they are zero.
  const ruleset = checked('a ruleset', libc.landlockCreateRuleset(attributes, attributes.length, 0));
  try {
    if (abi >= LANDLOCK_ABI.ports) for (const port of rules.connect ?? []) allowPort(libc, ruleset, port);
    const reading = FILE.execute | FILE.read | FILE.readDirectory;
    for (const path of rules.files?.read ?? []) allowPath(libc, ruleset, path, reading & handled);
    for (const path of rules.files?.write ?? []) allowPath(libc, ruleset, path, handled);
    checked('no new privileges', libc.noNewPrivileges());
    checked('the restriction', libc.landlockRestrictSelf(ruleset));
  } finally {
    closeSync(ruleset);
  }
}

function fileRights(abi: number): bigint {
  const rights = FILE_RIGHTS.find(([needed]) => abi >= needed)?.[1] ?? 0n;
  return (1n << rights) - 1n;
}

function allowPort(libc: Libc, ruleset: number, port: number): void {
  const rule = Buffer.alloc(16);
  rule.writeBigUInt64LE(ACCESS_NET_CONNECT_TCP, 0);
  rule.writeBigUInt64LE(BigInt(port), 8);
  checked(`port ${port}`, libc.landlockAddRule(ruleset, RULE_NET_PORT, rule));
}

function allowPath(libc: Libc, ruleset: number, path: string, rights: bigint): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_PATH | constants.O_RDONLY);
  } catch {
    // What does not exist needs no right.
    return;
  }
  try {
    const ofFiles = FILE.execute | FILE.write | FILE.read | FILE.truncate | FILE.ioctl;
    const rule = Buffer.alloc(12);
    rule.writeBigUInt64LE(statSync(path).isDirectory() ? rights : rights & ofFiles, 0);
    rule.writeInt32LE(descriptor, 8);
    checked(path, libc.landlockAddRule(ruleset, RULE_PATH_BENEATH, rule));
  } finally {
    closeSync(descriptor);
  }
}

function checked(what: string, result: number): number {
  if (result >= 0) return result;
  throw new TurretError('isolation_unavailable', `Landlock refused ${what}`, {
    hints: ['turret doctor shows what was tried'],
  });
}
