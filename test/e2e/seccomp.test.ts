// The real filters, given to the real bubblewrap by descriptor, and a program inside that makes the real calls.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, type Server, createServer } from 'node:net';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { agentFilter } from '../../src/isolation/seccomp/agent-filter.js';
import { cliFilter } from '../../src/isolation/seccomp/cli-filter.js';

type Answers = Record<string, number>;
type Filter = ReturnType<typeof agentFilter>;
const ARCH = process.arch as 'x64' | 'arm64';
const NUMBERS = JSON.parse(readFileSync('test/vectors/syscall-numbers.json', 'utf8'))[ARCH] as Answers;
const PROBE = readFileSync('test/fixtures/seccomp-probe.py', 'utf8');
const PROFILE = [
  '--unshare-user', '--unshare-pid', '--unshare-ipc', '--cap-drop', 'ALL', '--die-with-parent',
  '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--chdir', '/tmp',
]; // prettier-ignore
const UNUSED_UID = '54321';

const [EPERM, ENOSYS, NO_PROTOCOL, NO_OPERATION, NO_FAMILY] = [1, 38, 93, 95, 97];
const SIGSYS = 31;
const FORBIDDEN: Answers = {
  ...Object.fromEntries(
    ['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp', 'keyctl', 'add_key', 'request_key',
      'io_uring_setup', 'io_uring_enter', 'io_uring_register', 'bpf', 'perf_event_open', 'userfaultfd', 'kexec_load',
      'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'open_by_handle_at',
      'TIOCSTI', 'TIOCSTI with high bits', 'TIOCLINUX', 'Unix datagram', 'Unix datagram, flags and high bits',
      'Unix raw', 'Unix seqpacket', 'pair of datagram sockets', 'pair of raw sockets',
    ].map((name) => [name, EPERM]),
  ),
  ...{ vsock: NO_FAMILY, packet: NO_FAMILY, alg: NO_FAMILY, netfilter: NO_PROTOCOL },
  ...{ 'multipath TCP': NO_PROTOCOL, 'multipath TCP over IPv6': NO_PROTOCOL },
  ...{ 'sendto fast open': NO_OPERATION, 'sendmsg fast open': NO_OPERATION, 'sendmmsg fast open': NO_OPERATION },
}; // prettier-ignore
const FREE = ['Unix stream', 'Unix stream pair', 'TCP', 'UDP', 'netlink route'];
const KILLED: Answers = ARCH === 'x64' ? { i386: -SIGSYS } : {};

const AGENT = agentFilter(ARCH);
const WITHOUT_UNIX = agentFilter(ARCH, { unixSockets: 'none' });

/** Errors moved to where the kernel has none: whoever sees one knows that it was the filter that spoke. */
const MARK = 1_000;
function marked(filter: Filter): Filter {
  const copy = Buffer.from(filter ?? []);
  for (let at = 0; at < copy.length; at += 8)
    if (copy.readUInt16LE(at) === 6 && copy.readUInt16LE(at + 6) === 5)
      copy.writeUInt16LE(copy.readUInt16LE(at + 4) + MARK, at + 4);
  return copy;
}

const started = new Set<ChildProcess>();
async function inside(
  filter: Filter,
  command: string[],
  as: string[] = [],
): Promise<{ said: string; code: number | null }> {
  const seccomp = filter === undefined ? [] : ['--seccomp', '3'];
  const [file = '', ...args] = [...as, '/usr/bin/bwrap', ...PROFILE, ...seccomp, '--', ...command];
  const child = spawn(file, args, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  started.add(child);
  const filterPipe = child.stdio[3] as Writable;
  filterPipe.on('error', () => {
    // It does not read what it was not asked to read.
  });
  filterPipe.end(filter);
  const [out, error] = [child.stdout, child.stderr].map((stream) => text(stream as NodeJS.ReadableStream));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  started.delete(child);
  return { said: `${await out}${await error}`, code };
}

let server: Server;
const arrived: string[] = [];
beforeAll(async () => {
  server = createServer((socket) => socket.on('data', (bytes) => arrived.push(bytes.toString())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  server.close();
});

async function answers(filter: Filter): Promise<Answers> {
  const { port } = server.address() as AddressInfo;
  const given = JSON.stringify({ arch: ARCH, numbers: NUMBERS, port });
  const { said } = await inside(filter, ['python3', '-c', PROBE, given]);
  return JSON.parse(said) as Answers;
}
const among = (all: Answers, wanted: Answers): Answers =>
  Object.fromEntries(Object.keys(wanted).map((name) => [name, all[name] ?? Number.NaN]));
const plusMark = (errors: Answers): Answers =>
  Object.fromEntries(Object.entries(errors).map(([name, errno]) => [name, errno + MARK]));

/** Without the filter the kernel says the same: it asks for a right first, or has no such thing. */
const NOT_TO_BE_TOLD_APART = ['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'open_by_handle_at', 'alg']; // prettier-ignore

describe('the agent', () => {
  test('is refused each forbidden call by the filter, and by nothing else', async () => {
    const bare = await answers(undefined);
    const controls = Object.keys(FORBIDDEN).filter((name) => !NOT_TO_BE_TOLD_APART.includes(name));
    expect(controls.filter((name) => bare[name] === FORBIDDEN[name])).toEqual([]);
    expect(controls.length).toBeGreaterThan(30);
    expect(arrived.splice(0)).not.toEqual([]);
    const filtered = await answers(AGENT);
    expect(among(filtered, { ...FORBIDDEN, ...KILLED })).toEqual({ ...FORBIDDEN, ...KILLED });
    expect(arrived).toEqual([]);
    expect(among(await answers(marked(AGENT)), FORBIDDEN)).toEqual(plusMark(FORBIDDEN));
    const others = Object.keys(bare).filter((name) => !(name in FORBIDDEN) && !(name in KILLED));
    expect(others.filter((name) => filtered[name] !== bare[name])).toEqual([]);
    expect(FREE.map((name) => filtered[name])).toEqual(FREE.map(() => 0));
    expect(Object.keys(KILLED).map((name) => bare[name])).toEqual(Object.keys(KILLED).map(() => 0));
  });

  test('has no Unix socket but connected pairs where their paths are not hidden', async () => {
    const seen = await answers(WITHOUT_UNIX);
    expect(among(seen, FORBIDDEN)).toEqual(FORBIDDEN);
    expect(seen['Unix stream']).toBe(EPERM);
    expect(seen['Unix stream pair']).toBe(0);
  });

  const PIPES = `const { execFileSync } = require('node:child_process');
    const said = execFileSync('sh', ['-c', 'cat; echo two >&2'], { input: 'one', stdio: ['pipe', 'pipe', 'ignore'] });
    console.log(String(said), Object.keys(require('node:os').networkInterfaces()).includes('lo'));`;
  const POOL = `import multiprocessing as m, socket
if __name__ == '__main__':
    q = m.Queue(); p = m.Process(target=q.put, args=(7,)); p.start(); print(q.get(), m.Pool(2).map(abs, [-1, -2]), socket.if_nametoindex('lo')); p.join()`;
  const GIT = `git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && git clone -q . ../c && git -C ../c log --format=%s`;
  test.each([
    [
      "Node's pipes to its children, and the list of interfaces",
      [process.execPath, '-e', PIPES],
      'one true\n',
    ],
    ["Python's processes and queues", ['python3', '-c', POOL], '7 [1, 2] 1\n'],
    ['git', ['sh', '-c', GIT], 'one\n'],
  ])('keeps %s', async (_, command, wanted) => {
    expect(await inside(AGENT, command)).toEqual({ said: wanted, code: 0 });
    expect(await inside(WITHOUT_UNIX, command)).toEqual({ said: wanted, code: 0 });
  });

  test('keeps a sandbox of its own, with a filter of its own', async () => {
    const user = ['/usr/bin/setpriv', `--reuid=${UNUSED_UID}`, `--regid=${UNUSED_UID}`, '--clear-groups'];
    const as = process.getuid?.() === 0 ? user : [];
    const own = ['bwrap', ...PROFILE, '--unshare-net', '--seccomp', '4', '--', 'echo', 'nested'];
    const script = `import os, sys
r, w = os.pipe(); os.write(w, bytes.fromhex('${AGENT?.toString('hex')}')); os.close(w); os.dup2(r, 4); os.execvp(sys.argv[1], sys.argv[1:])`;
    expect(await inside(AGENT, ['python3', '-c', script, ...own], as)).toEqual({ said: 'nested\n', code: 0 });
  });
});

describe("a repeater's CLI", () => {
  const NONE = { 'clone a user namespace': EPERM, mount: EPERM, clone3: ENOSYS };
  const TCP = {
    TCP: 0,
    UDP: NO_PROTOCOL,
    'Unix stream': NO_FAMILY,
    'netlink route': NO_FAMILY,
    'Unix stream pair': 0,
  };
  const UNIX = {
    TCP: NO_FAMILY,
    UDP: NO_FAMILY,
    'Unix stream': 0,
    'netlink route': NO_FAMILY,
    'Unix stream pair': 0,
  };
  // In its own family a socket of another kind is refused for its kind, in all others for the family.
  const BY_FAMILY = new Set(['Unix datagram', 'Unix datagram, flags and high bits', 'Unix raw', 'Unix seqpacket', 'netfilter', 'multipath TCP', 'multipath TCP over IPv6']); // prettier-ignore

  test.each([
    ['tcp' as const, TCP],
    ['unix' as const, UNIX],
  ])('has %s streams, its own threads and children, and nothing else', async (sockets, allowed) => {
    const seen = await answers(cliFilter(ARCH, { sockets }));
    expect(among(seen, { ...allowed, ...NONE })).toEqual({ ...allowed, ...NONE });
    for (const [name, errno] of Object.entries(FORBIDDEN)) {
      const byFamily = BY_FAMILY.has(name) || (sockets === 'unix' && name.endsWith('fast open'));
      const refusals = byFamily ? [NO_FAMILY, NO_PROTOCOL, EPERM] : [errno];
      expect([name, refusals]).toEqual([name, expect.arrayContaining([seen[name]])]);
    }
  });

  const FETCH = `import socket, subprocess, sys, threading
def go(): print(subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout.strip(), flush=True)
t = threading.Thread(target=go); t.start(); t.join()
s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); s.sendall(b'hello'); s.close(); print('sent')`;
  test('runs threads and children, and reaches its injector', async () => {
    const { port } = server.address() as AddressInfo;
    const ran = await inside(cliFilter(ARCH, { sockets: 'tcp' }), ['python3', '-c', FETCH, String(port)]);
    expect(ran).toEqual({ said: 'child\nsent\n', code: 0 });
  });
});
