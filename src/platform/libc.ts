// The few calls of the C library that Node has no door for. koffi is an optional dependency: where it is not installed,
// whoever asks is told why, and does without.

import { createRequire } from 'node:module';

export interface Libc {
  /** landlock_create_ruleset(2): a descriptor, or with no attributes and flag 1 the ABI; -1 on error. */
  landlockCreateRuleset(attributes: Buffer | null, bytes: number, flags: number): number;
  /** landlock_add_rule(2): 0 or -1. */
  landlockAddRule(ruleset: number, type: number, rule: Buffer): number;
  /** landlock_restrict_self(2), for the calling thread: 0 or -1. */
  landlockRestrictSelf(ruleset: number): number;
  /** PR_SET_NO_NEW_PRIVS, for the calling thread: 0 or -1. */
  noNewPrivileges(): number;
  /** PR_SET_DUMPABLE off, for the whole process until it starts another program: 0 or -1. */
  closeMemory(): number;
  /** SECCOMP_MODE_FILTER with a program of `struct sock_filter`, for the calling thread: 0 or -1. */
  installFilter(program: Uint8Array): number;
  /** getsockopt(2) of SOL_SOCKET into `value`: 0 or -1. */
  socketOption(descriptor: number, option: number, value: Buffer): number;
}

type Load = { libc: Libc } | { problem: string };
type Foreign = (...args: unknown[]) => number;
interface Koffi {
  load(path: null): { func(prototype: string): Foreign };
  struct(name: string, fields: Record<string, string>): unknown;
}

/** The numbers are the same on every architecture (Linux 5.13 and later). */
const LANDLOCK = { create: 444, add: 445, restrict: 446 };
const PR_SET_DUMPABLE = 4;
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SOL_SOCKET = 1;
const FILTER_INSTRUCTION_BYTES = 8;

let loaded: Load | undefined;

/** The same answer every time. */
export function loadLibc(): Load {
  loaded ??= load();
  return loaded;
}

function load(): Load {
  if (process.platform !== 'linux') return { problem: 'this is not Linux' };
  try {
    return { libc: bind(createRequire(import.meta.url)('koffi') as Koffi) };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    return {
      problem: missing ? 'the package koffi is not installed' : 'the package koffi does not load here',
    };
  }
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null);
  koffi.struct('turret_sock_fprog', { length: 'uint16', filter: 'void *' });
  const create = library.func('long syscall(long, void *, size_t, uint32_t)');
  const add = library.func('long syscall(long, int, int, void *, uint32_t)');
  const restrict = library.func('long syscall(long, int, uint32_t)');
  const prctl = library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const filter = library.func('int prctl(int, unsigned long, turret_sock_fprog *)');
  const getsockopt = library.func('int getsockopt(int, int, int, void *, void *)');
  return {
    landlockCreateRuleset: (attributes, bytes, flags) => create(LANDLOCK.create, attributes, bytes, flags),
    landlockAddRule: (ruleset, type, rule) => add(LANDLOCK.add, ruleset, type, rule, 0),
    landlockRestrictSelf: (ruleset) => restrict(LANDLOCK.restrict, ruleset, 0),
    noNewPrivileges: () => prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
    closeMemory: () => prctl(PR_SET_DUMPABLE, 0, 0, 0, 0),
    installFilter: (program) =>
      filter(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {
        length: program.length / FILTER_INSTRUCTION_BYTES,
        filter: program,
      }),
    socketOption: (descriptor, option, value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(value.length);
      return getsockopt(descriptor, SOL_SOCKET, option, value, length);
    },
  };
}
