import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { agentFilter } from '../../../src/isolation/seccomp/agent-filter.js';
import { cliFilter } from '../../../src/isolation/seccomp/cli-filter.js';
import { machine } from '../../../src/isolation/seccomp/syscall-numbers.js';
import { type Step, type Verdict, faults, instructions, run } from '../../helpers/bpf-machine.js';

type Arch = 'x64' | 'arm64';
interface Vectors {
  x64: Record<string, number>;
  arm64: Record<string, number>;
}
const ARCHES: Arch[] = ['x64', 'arm64'];
const VECTORS: Vectors = JSON.parse(readFileSync('test/vectors/syscall-numbers.json', 'utf8'));
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** int 0x80; arm32; x32 has x64's own. */
const FOREIGN_AUDIT = { x64: [0x40000003, AUDIT.arm64], arm64: [0x40000028, AUDIT.x64] };
/** What everything needs, and no rule names. */
const PLAIN = { x64: { read: 0, getpid: 39, execve: 59, exit: 60 }, arm64: { read: 63, getpid: 172, execve: 221, exit: 93 } }; // prettier-ignore

const program = (filter: ReturnType<typeof agentFilter>): Step[] => {
  if (filter === undefined) throw new Error('no filter');
  return instructions(filter);
};
const FILTERS = {
  agent: (arch: Arch) => program(agentFilter(arch)),
  'agent without Unix sockets': (arch: Arch) => program(agentFilter(arch, { unixSockets: 'none' })),
  'agent in a thread of ours': (arch: Arch) =>
    program(agentFilter(arch, { unixSockets: 'none', inThread: true })),
  'CLI with TCP': (arch: Arch) => program(cliFilter(arch, { sockets: 'tcp' })),
  'CLI with Unix sockets': (arch: Arch) => program(cliFilter(arch, { sockets: 'unix' })),
};
type Name = keyof typeof FILTERS;

const EPERM = 'errno 1';
const ENOSYS = 'errno 38';
const NO_FAMILY = 'errno 97';
const NO_PROTOCOL = 'errno 93';
const NO_OPERATION = 'errno 95';
/** A bit that the kernel cuts off where the parameter is an int. */
const HIGH = 1n << 32n;
const CLOEXEC_NONBLOCK = 0o2004000;
type Row = [call: string, args: (number | bigint)[], verdict: Verdict | undefined];

const ALWAYS: Row[] = [
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp', 'keyctl', 'add_key', 'request_key',
    'io_uring_setup', 'io_uring_enter', 'io_uring_register', 'bpf', 'perf_event_open', 'userfaultfd', 'kexec_load',
    'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'open_by_handle_at',
  ].map((name): Row => [name, [1, 2, 3], EPERM]), // prettier-ignore
  ['ioctl', [0, 0x5412], EPERM],
  ['ioctl', [0, HIGH | 0x5412n], EPERM],
  ['ioctl', [0, -1n << 32n | 0x541cn], EPERM],
  ['ioctl', [0x5412, 0x5413], 'allow'], // TIOCGWINSZ
  ['ioctl', [0, 0x15412], 'allow'],
  ['socketpair', [1, 1, 0], 'allow'],
  ['socketpair', [1, 1 | CLOEXEC_NONBLOCK, 0], 'allow'],
  ['socketpair', [1, 5, 0], 'allow'],
  ['socketpair', [1, 2, 0], EPERM],
  ['socketpair', [HIGH | 1n, HIGH | BigInt(2 | CLOEXEC_NONBLOCK), 0], EPERM],
  ['socketpair', [1, 3, 0], EPERM], // SOCK_RAW is a datagram socket in this family
  ['socketpair', [30, 1, 0], NO_FAMILY], // TIPC
  ['sendto', [3, 0, 0, 0x20000000, 0, 16], NO_OPERATION],
  ['sendto', [3, 0, 0, HIGH | 0x20004000n], NO_OPERATION],
  ['sendto', [0x20000000, 0x20000000, 0x20000000, 0x4000, 0x20000000, 16], 'allow'],
  ['sendmsg', [3, 0, 0x20000000], NO_OPERATION],
  ['sendmsg', [3, 0x20000000, 0x4000, 0x20000000], 'allow'],
  ['sendmmsg', [3, 0, 1, 0x20000000], NO_OPERATION],
  ['sendmmsg', [3, 0, 0x20000000, 0x4000], 'allow'],
  ...[0, 3, 4, 15, 17, 21, 29, 31, 38, 39, 40, 41, 42, 43, 44, 45, 255].map((family): Row => ['socket', [family, 1, 0], NO_FAMILY]),
  ['socket', [HIGH | 40n, 1, 0], NO_FAMILY],
  ['socket', [16, 3, 12], undefined], // netfilter: another errno each, but never allowed
  ['socket', [2, 1, 262], undefined], // MPTCP
  ['socket', [10, HIGH | BigInt(1 | CLOEXEC_NONBLOCK), HIGH | 262n], undefined],
  ['socket', [2, 1, 132], undefined], // SCTP
  ['socket', [2, 5, 132], undefined],
  ['socket', [2, 6, 33], undefined], // DCCP
  ['socket', [2, 10, 0x300], undefined], // SOCK_PACKET: another way to AF_PACKET
  ['socket', [1, 2, 0], undefined],
  ['socket', [1, 3, 0], undefined],
  ['socket', [1, 5, 0], undefined],
  ['socket', [HIGH | 1n, HIGH | BigInt(2 | CLOEXEC_NONBLOCK), 0], undefined],
]; // prettier-ignore

const TCP: Row[] = [[2, 1, 0], [2, 1, 6], [10, 1 | CLOEXEC_NONBLOCK, 6], [10, HIGH | 1n, HIGH]].map((args) => ['socket', args, 'allow']); // prettier-ignore
const NAMESPACES: [string, (number | bigint)[]][] = [
  ...['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree', 'fsopen', 'fsconfig',
    'fsmount', 'fspick', 'mount_setattr'].map((name): [string, number[]] => [name, [0x10000000]]),
  ...[0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
    .map((flag): [string, bigint[]] => ['clone', [HIGH | BigInt(flag | 17)]]),
]; // prettier-ignore
const OWN_THREADS: Row[] = [['clone', [17], 'allow'], ['clone', [0x3d0f00], 'allow'], ['clone', [0x4111, 0x10000000], 'allow']]; // prettier-ignore

const AGENT: Row[] = [
  ...TCP,
  ['socket', [2, 2, 0], 'allow'],
  ['socket', [10, 2 | CLOEXEC_NONBLOCK, 17], 'allow'],
  ['socket', [2, 2, 1], 'allow'], // ping
  ['socket', [2, 3, 1], 'allow'],
  ['socket', [16, 3, 0], 'allow'], // getifaddrs
  ['socket', [16, 3 | CLOEXEC_NONBLOCK, 4], 'allow'],
  ['socket', [16, 3, 12], NO_PROTOCOL],
  ['socket', [2, 1, 262], NO_PROTOCOL],
  ['socket', [1, 2, 0], EPERM],
  ...NAMESPACES.map(([name, args]): Row => [name, args, 'allow']),
  ...OWN_THREADS,
  ['clone3', [0, 88], 'allow'],
];
const CLI: Row[] = [
  ['socket', [2, 2, 0], undefined],
  ['socket', [10, 3, 58], undefined],
  ['socket', [16, 3, 0], NO_FAMILY],
  ...NAMESPACES.map(([name, args]): Row => [name, args, EPERM]),
  ...OWN_THREADS,
  ['clone3', [0, 88], ENOSYS],
];
const UNIX_STREAM: [number, number, number][] = [[1, 1, 0], [1, 1 | CLOEXEC_NONBLOCK, 0]]; // prettier-ignore
const unixStream = (verdict: Verdict) => UNIX_STREAM.map((args): Row => ['socket', args, verdict]);

const ROWS: Record<Name, Row[]> = {
  agent: [...ALWAYS, ...AGENT, ...unixStream('allow')],
  'agent without Unix sockets': [...ALWAYS, ...AGENT, ...unixStream(EPERM)],
  // The thread's own ring works on, and nobody can make one.
  'agent in a thread of ours': [
    ...ALWAYS.filter(([name]) => name !== 'io_uring_enter'),
    ['io_uring_enter', [3, 1, 1, 1], 'allow'],
    ...AGENT,
    ...unixStream(EPERM),
  ],
  'CLI with TCP': [...ALWAYS, ...CLI, ...TCP, ...unixStream(NO_FAMILY)],
  'CLI with Unix sockets': [
    ...ALWAYS,
    ...CLI,
    ...unixStream('allow'),
    ...TCP.map(([name, args]): Row => [name, args, NO_FAMILY]),
  ],
};

describe.each(Object.keys(FILTERS) as Name[])('the filter of an %s', (name) => {
  describe.each(ARCHES)('on %s', (arch) => {
    const filter = FILTERS[name](arch);
    const numbers = VECTORS[arch];
    const verdictOf = (nr: number, args: (number | bigint)[] = [], audit = AUDIT[arch]) =>
      run(filter, { arch: audit, nr, args }).verdict;

    test('denies what it should and allows its neighbours, whatever else the words hold', () => {
      const wrong = ROWS[name].flatMap(([call, args, wanted]) => {
        const got = verdictOf(numbers[call] ?? Number.NaN, args);
        const good = wanted === undefined ? got.startsWith('errno') : got === wanted;
        return good ? [] : [`${call}(${args.join(', ')}): ${got}`];
      });
      expect(wrong).toEqual([]);
    });

    test('leaves alone what no rule names', () => {
      const named = new Set(Object.values(numbers));
      const others = Array.from({ length: 512 }, (_, nr) => nr).filter((nr) => !named.has(nr));
      expect(others.filter((nr) => verdictOf(nr, [1, 2, 262]) !== 'allow')).toEqual([]);
      expect(Object.values(PLAIN[arch]).map((nr) => verdictOf(nr))).toEqual(Array(4).fill('allow'));
    });

    test('ends a process that calls in the way of another machine', () => {
      for (const audit of [...FOREIGN_AUDIT[arch], 0])
        for (const nr of [0, 20, ...Object.values(numbers)]) expect(verdictOf(nr, [], audit)).toBe('kill');
    });

    test('is one that the kernel takes, and no instruction of it is dead', () => {
      expect(faults(filter)).toEqual([]);
      const words = [0, 1, 2, 3, 4, 5, 6, 10, 15, 16, 262, 0x5412, 0x541c, 0x20000000];
      const nrs = [...Object.values(numbers), 0, 520, 600, 0x40000001];
      const passed = new Set(run(filter, { arch: 0, nr: 0 }).passed);
      for (const nr of nrs)
        for (const a of words)
          for (const b of words)
            for (const c of words)
              for (const at of run(filter, { arch: AUDIT[arch], nr, args: [a, b, c, c] }).passed)
                passed.add(at);
      expect(passed.size).toBe(filter.length);
    });

    const word = fc.oneof(
      fc.integer({ min: 0, max: 50 }),
      fc.constantFrom(0x5412, 0x541c, 262, 0x20000000, 0x10000011, 0x80001),
      fc.integer(),
    );
    const nr = fc.oneof(fc.constantFrom(...Object.values(numbers)), fc.integer());
    const args = fc.array(word, { minLength: 6, maxLength: 6 });
    const audit = fc.oneof(fc.constant(AUDIT[arch]), fc.integer());

    test('has a verdict for every call there can be', () => {
      fc.assert(
        fc.property(nr, args, audit, (n, a, m) => {
          expect(verdictOf(n, a, m)).toMatch(/^(allow|kill|errno [1-9]\d*)$/);
        }),
        { numRuns: 2_000 },
      );
    });

    test('does not care for the upper half of any argument', () => {
      fc.assert(
        fc.property(nr, args, fc.array(fc.integer(), { minLength: 6, maxLength: 6 }), (n, low, high) => {
          const hostile = low.map(
            (value, index) => (BigInt(high[index] ?? 0) << 32n) | BigInt.asUintN(32, BigInt(value)),
          );
          expect(verdictOf(n, hostile)).toBe(verdictOf(n, low));
        }),
        { numRuns: 2_000 },
      );
    });
  });
});

test('x32 calls do not exist on x64, with their bit or by the numbers that older kernels took without', () => {
  for (const name of Object.keys(FILTERS) as Name[]) {
    const verdictOf = (nr: number) => run(FILTERS[name]('x64'), { arch: AUDIT.x64, nr }).verdict;
    for (const nr of [...Object.values(VECTORS.x64), 0, 521, 0x3fffffff])
      expect(verdictOf(0x40000000 | nr)).toBe(ENOSYS);
    expect([511, 512, 547, 548].map(verdictOf)).toEqual(['allow', ENOSYS, ENOSYS, 'allow']);
  }
});

test("the numbers are those of the kernel's headers, no more and no fewer", () => {
  for (const arch of ARCHES) {
    expect(machine(arch)?.audit).toBe(AUDIT[arch]);
    expect(machine(arch)?.numbers).toEqual(VECTORS[arch]);
  }
});

test('a machine whose numbers are not known has no filter', () => {
  for (const arch of ['arm', 'ia32', 'riscv64', 's390x'] as const) {
    expect(agentFilter(arch)).toBeUndefined();
    expect(cliFilter(arch, { sockets: 'tcp' })).toBeUndefined();
  }
});
