// A real CLI that the agent has taken over, run as a repeater runs it. Each attempt is made without the sandbox as well,
// where it has to succeed: an attempt that cannot succeed shows nothing.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCliNetwork } from '../../repeaters/sdk/sandbox/network.js';
import { findBubblewrap } from '../../src/isolation/probe.js';
import { CLI_DATA_BYTES_MAX, CLI_FILE_BYTES_MAX, CLI_TASKS_MAX } from '../../src/protocol/limits.js';
import type { Order, Result } from '../helpers/cli-driver.js';
import { NEEDLE, NO_NAMESPACES, Outside } from '../helpers/hostile-cli.js';

const MEBIBYTE = 1 << 20;
/** A user id that is nobody's here. */
const UNUSED_UID = 54_321;
const [EPERM, ENOENT, ESRCH, EACCES, EFBIG, EROFS, EAFNOSUPPORT, ENETUNREACH] = [
  1, 2, 3, 13, 27, 30, 97, 101,
];

const USERS: [string, number | undefined][] =
  process.getuid?.() === 0
    ? [
        ['root', undefined],
        ['an unprivileged user', UNUSED_UID],
      ]
    : [['an unprivileged user', undefined]];

describe.each(USERS)('as %s', (_, uid) => {
  let outside: Outside;
  let results: Record<string, Result>;
  let warm: string[];
  const orders: Order[] = [];

  beforeAll(async () => {
    outside = new Outside(uid);
    const tcp = await outside.listen({ host: '127.0.0.1', port: 0 });
    const udp = await outside.datagrams();
    await outside.listen({ path: outside.otherSocket });
    await outside.listen({ path: `\0${outside.abstract}` });
    const words: Record<string, string> = {
      SECRET: outside.secret,
      HOME: outside.home,
      CALLS: join(outside.directory, 'elsewhere'),
      VICTIM: String(outside.victim.pid),
      NEEDLE,
      TCP: String(tcp),
      UDP: String(udp),
      OTHER: outside.otherSocket,
      ABSTRACT: outside.abstract,
    };
    const fill = (word: string): string =>
      word.replaceAll(/\{([A-Z]+)\}/g, (_whole, name: string) => words[name] ?? '?');
    for (const how of ['bare', 'unix', 'waiting', 'tcp', 'zygote'] as const) {
      for (const [id, { argv, in: places, ...rest }] of Object.entries(ATTEMPTS)) {
        if (places?.includes(how) === false) continue;
        const place = join(outside.directory, 'calls', `${how}-${id.replaceAll(/\W/g, '-')}`);
        const name = `${how}-${outside.directory.slice(-6)}`;
        const own = (word: string): string =>
          fill(word.replaceAll('{PLACE}', place).replaceAll('{NAME}', name));
        orders.push({ id: `${how} ${id}`, how, place, argv: argv.map(own), ...rest });
      }
    }
    ({ results, warm } = await outside.run(orders, 'required'));
  }, 300_000);
  afterAll(() => outside.remove());

  const result = (how: Order['how'], id: string): Result => {
    const found = results[`${how} ${id}`];
    if (found === undefined) throw new Error(`nothing was run: ${how} ${id}`);
    return found;
  };
  const said = (how: Order['how'], id: string): Record<string, unknown> => {
    const found = result(how, id);
    if (found.exit !== 0) throw new Error(`${how} ${id}: ${JSON.stringify(found)}`);
    return JSON.parse(found.said) as Record<string, unknown>;
  };
  const SANDBOXES = ['unix', 'waiting', 'tcp', 'zygote'] as const;

  it.each([
    ['read a file of the home directory', NEEDLE, ENOENT],
    ['read the environment of another process', `SECRET=${NEEDLE}\0`, ENOENT],
    ['connect to a port of this machine', 'reached', undefined],
    ['send a datagram', 'reached', undefined],
    ['connect to an abstract socket', 'reached', undefined],
    ["connect to another call's injector", 'reached', undefined],
    ['signal another process', null, ESRCH],
    ['attach to another process', null, EPERM],
    ['make a namespace', null, EPERM],
    ['write to the home directory', null, ENOENT],
    ["write to another call's directory", null, ENOENT],
    ['write a very large file', null, EFBIG],
    ['take a lot of memory', CLI_DATA_BYTES_MAX + MEBIBYTE, undefined],
  ])('cannot %s', (id, control, errno) => {
    expect(said('bare', id)).toEqual({ did: control });
    for (const how of SANDBOXES) {
      const error = errno === undefined ? {} : { errno };
      expect(said(how, id)).toMatchObject({ failed: expect.stringMatching(/Error$/), ...error });
    }
  });

  it('sees two processes, itself and the first one, and no secret in their environments', () => {
    expect(said('bare', 'look for a secret in all environments')['did']).toBeGreaterThan(0);
    expect(said('bare', 'count processes')['did']).toBeGreaterThan(2);
    for (const how of SANDBOXES) {
      expect(said(how, 'look for a secret in all environments')).toEqual({ did: 0 });
      expect(said(how, 'count processes')).toEqual({ did: 2 });
    }
  });

  it('has its own injector and no other address: no route, no metadata service', () => {
    for (const how of ['tcp', 'zygote'] as const)
      expect(said(how, 'connect to its injector')).toEqual({ did: 'injector' });
    for (const how of SANDBOXES) expect(said(how, 'list interfaces')).toEqual({ did: ['lo'] });
    for (const how of SANDBOXES) {
      const { failed, errno } = said(how, 'connect to the metadata service');
      // The one kind has no such sockets, the other no such network.
      expect({ failed, errno }).toEqual({
        failed: 'OSError',
        errno: how === 'unix' || how === 'waiting' ? EAFNOSUPPORT : ENETUNREACH,
      });
    }
  });

  it('finds no program but its interpreter', () => {
    expect(said('bare', 'list programs')['did']).toEqual(expect.arrayContaining(['sh', 'env', 'python3']));
    for (const how of SANDBOXES) {
      const programs = said(how, 'list programs')['did'] as string[];
      expect(programs.filter((name) => !/^(?:prlimit|python3(?:\.\d+)?)$/.test(name))).toEqual([]);
    }
  });

  it.each(['/', '/tmp', '/usr/lib', '/etc', '/dev/shm', '/proc/sys/kernel'])(
    'cannot write to %s',
    (directory) => {
      for (const how of ['unix', 'waiting', 'zygote'] as const) {
        const { did, errno } = said(how, `write to ${directory}`);
        expect(did).toBeUndefined();
        expect([ENOENT, EROFS, EACCES]).toContain(errno);
      }
    },
  );

  it('can write to its own place, which is the one thing it shares with this machine', () => {
    for (const how of SANDBOXES) {
      expect(said(how, 'write to its place')).toEqual({ did: null });
      expect(readFileSync(join(outside.directory, 'calls', `${how}-write-to-its-place`, 'new'), 'utf8')).toBe(
        'x',
      );
    }
  });

  it('has no capability, no core file, no descriptor of the sandbox, and its own surroundings', () => {
    for (const how of SANDBOXES) {
      const bare = said('bare', 'surroundings')['did'] as Record<string, unknown>;
      const inside = said(how, 'surroundings')['did'] as Record<string, unknown>;
      expect(inside).toMatchObject({ core: [0, 0], zone: 'IST' });
      expect(inside['status']).toMatchObject({
        CapEff: '0000000000000000',
        CapBnd: '0000000000000000',
        NoNewPrivs: '1',
        Seccomp: '2',
      });
      for (const name of ['umask', 'zone', 'uid']) expect(inside[name]).toEqual(bare[name]);
      // What this process itself was started with goes on to what it starts, but not to a fork.
      expect(inside['descriptors']).toEqual(how === 'zygote' ? [0, 1, 2] : bare['descriptors']);
      // bubblewrap says where it is, as a shell would.
      expect(inside['environ']).toEqual([...(bare['environ'] as string[]), 'PWD'].sort());
      const place = how === 'zygote' ? 'call' : `${how}-surroundings`;
      expect(inside['cwd']).toBe(join(outside.directory, 'elsewhere', place));
    }
  });

  it('cannot have more processes than its bound, unless it is root, whose processes the kernel does not count', () => {
    expect(said('bare', 'fork')).toEqual({ did: CLI_TASKS_MAX });
    const isRoot = process.getuid?.() === 0 && uid === undefined;
    for (const how of SANDBOXES) expect(Number(said(how, 'fork')['did']) < CLI_TASKS_MAX).toBe(!isRoot);
  });

  it('leaves nothing running that left its session', () => {
    const pid = (how: string): string =>
      readFileSync(join(outside.directory, 'calls', `${how}-leave-a-daemon`, 'pid'), 'utf8');
    expect(result('bare', 'leave a daemon').left).toEqual([pid('bare')]);
    process.kill(Number(pid('bare')), 'SIGKILL');
    for (const how of SANDBOXES) {
      expect(pid(how)).toMatch(/^\d+$/);
      expect({ how, left: result(how, 'leave a daemon').left }).toEqual({ how, left: [] });
    }
  });

  it('of all places of calls sees its own, and nothing of the zygote', () => {
    expect(said('bare', 'list the places')['did']).toEqual(expect.arrayContaining(['other']));
    expect(said('tcp', 'list the places')).toEqual({ did: ['tcp-list-the-places'] });
    expect(said('zygote', 'list the places')).toEqual({ did: ['call'] });
    expect(said('zygote', 'read the environment of the first process')).toMatchObject({ errno: EACCES });
    expect(said('zygote', 'read the memory of the first process')).toMatchObject({ errno: EACCES });
    expect(said('zygote', 'send every signal to the first process')).toEqual({ did: null });
  });

  it('was forked by a zygote that all of this did not harm', () => {
    expect(warm).toEqual([]);
  });

  it.each(['tcp', 'zygote', 'waiting'] as const)(
    'ends with its repeater, however that ends (%s)',
    async (how) => {
      const place = join(outside.directory, 'calls', `waiting-${how}`);
      const orders: Order[] = [{ id: 'waits', how, place, argv: ['ready'] }];
      const driver = await outside.start(orders, 'required');
      const family = (): string[] => descendants(driver.pid ?? 0);
      // A watchdog, the keeper of the network and its waiting program, and three of the sandbox's.
      await vi.waitFor(() => expect(family().length).toBeGreaterThanOrEqual(6), { timeout: 60_000 });
      const all = family();
      driver.kill('SIGKILL');
      await vi.waitFor(() => expect(all.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]), {
        timeout: 20_000,
      });
    },
    120_000,
  );

  it('sees in a sandbox that waited for it what it sees in one that was made for it', () => {
    const seen = (how: 'unix' | 'waiting'): unknown =>
      JSON.parse(result(how, 'look at everything').said.replaceAll('waiting-look-at', 'unix-look-at'));
    expect(said('unix', 'look at everything')['did']).toMatchObject({ status: { Seccomp: '2' } });
    expect(seen('waiting')).toEqual(seen('unix'));
  });

  it('is ended when it prints without end', () => {
    for (const how of ['bare', ...SANDBOXES] as const) {
      const { error, bytes } = result(how, 'print without end');
      expect(error).toBe('output_limit');
      expect(bytes).toBeLessThan(2 * MEBIBYTE);
    }
    expect(processesWith('endless')).toEqual([]);
  });

  it.each(Object.keys(ENDS))('ends as it would without a sandbox: %s', (id) => {
    const [exit, signal] = ENDS[id] ?? [];
    const expected = { exit, ...(signal === undefined ? {} : { signal }) };
    for (const how of ['bare', ...SANDBOXES] as const) {
      const { exit: code, signal: name } = result(how, id);
      expect({ how, exit: code, ...(name === undefined ? {} : { signal: name }) }).toEqual({
        how,
        ...expected,
      });
    }
  });

  it('streams what it reads and what it writes', () => {
    const sent = createHash('sha256')
      .update(Buffer.alloc(64 * MEBIBYTE, 'z'))
      .digest('hex');
    const written = createHash('sha256')
      .update(Buffer.alloc(64 * MEBIBYTE, 'y'))
      .digest('hex');
    for (const how of ['unix', 'tcp', 'zygote'] as const)
      expect(said(how, 'read 64 MiB')).toEqual({ did: [64 * MEBIBYTE, sent] });
    for (const how of SANDBOXES) {
      expect(result(how, 'write 64 MiB')).toMatchObject({ exit: 0, bytes: 64 * MEBIBYTE, sha256: written });
    }
  });
});

// Whoever came before the user was mapped in there was told that namespaces are forbidden: 8 of 150 times.
it('a network can be entered from the moment it is said to be there', async () => {
  const bubblewrap = findBubblewrap() ?? '';
  for (let attempt = 0; attempt < 40; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time: each is asked at once
    const network = await openCliNetwork(bubblewrap);
    const [enter = '', ...words] = network.enter;
    const inside = [...words, bubblewrap, '--unshare-user', '--ro-bind', '/', '/', 'true'];
    const { status, stderr } = spawnSync(enter, inside, { env: {}, encoding: 'utf8' });
    network.close();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
});

describe('where no namespaces can be made', () => {
  // Who was no root before sees nobody own what is root's, and takes no such bubblewrap.
  const REASON = '(?:no more namespaces may be created|bubblewrap is not installed)';
  let outside: Outside;
  beforeAll(() => {
    outside = new Outside(undefined);
  });
  afterAll(() => outside.remove());

  const orders = (): Order[] =>
    (['unix', 'tcp'] as const).map((how) => ({
      id: how,
      how,
      argv: ['surroundings'],
      place: join(outside.directory, 'calls', how),
    }));

  it('the CLI runs, bounded, and the reason is told, when the sandbox is not required', async () => {
    const { open, results } = await outside.run(orders(), 'auto', NO_NAMESPACES);
    for (const how of ['unix', 'tcp'] as const) {
      expect(open[how]).toMatch(new RegExp(`^${REASON}`));
      expect(results[how]).toMatchObject({ exit: 0 });
      const { did } = JSON.parse(results[how]?.said ?? '') as { did: { core: number[]; status: object } };
      expect(did).toMatchObject({ core: [0, 0], status: { NoNewPrivs: '1', Seccomp: '0' } });
    }
  });

  it('nothing runs, with the same reason, when it is', async () => {
    const { results } = await outside.run(orders(), 'required', NO_NAMESPACES);
    for (const how of ['unix', 'tcp']) {
      expect(results[how]).toMatchObject({ error: 'repeater_unavailable', said: '' });
      expect(results[how]?.complained).toMatch(
        new RegExp(`^sandbox: required, and hostile cannot be shut in on this machine: ${REASON}`),
      );
    }
  });
});

interface Attempt extends Omit<Order, 'id' | 'how' | 'place'> {
  /** Where it is made; everywhere when left out. */
  in?: Order['how'][];
}

/** What a program does, and how that ends: exit code and, if one ended it, signal. */
const ENDS: Record<string, [number, string?]> = {
  'exit 0': [0],
  'exit 3': [3],
  'exit 130': [130],
  'exit 255': [255],
  'die of TERM': [143, 'TERM'],
  'die of SEGV': [139],
  'die of KILL': [137, 'KILL'],
  'get USR1': [138, 'USR1'],
  'get TERM at once': [143, 'TERM'],
  'get QUIT': [131, 'QUIT'],
  'get HUP': [129, 'HUP'],
  'get INT and handle it': [7],
  'get TERM and handle it': [8],
};

const ATTEMPTS: Record<string, Attempt> = {
  'read a file of the home directory': { argv: ['read', '{SECRET}'] },
  'read the environment of another process': { argv: ['read', '/proc/{VICTIM}/environ'] },
  'look for a secret in all environments': { argv: ['environs', '{NEEDLE}'] },
  'count processes': { argv: ['processes'] },
  'connect to a port of this machine': { argv: ['connect', '127.0.0.1', '{TCP}'] },
  'connect to its injector': { argv: ['connect', '127.0.0.1', 'DOOR'] },
  // Not outside, where it may be somebody's.
  'connect to the metadata service': {
    argv: ['connect', '169.254.169.254', '80'],
    in: ['unix', 'waiting', 'tcp', 'zygote'],
  },
  'send a datagram': { argv: ['udp', '{UDP}'] },
  'connect to an abstract socket': { argv: ['abstract', '{ABSTRACT}'] },
  "connect to another call's injector": { argv: ['unix', '{OTHER}'] },
  'list interfaces': { argv: ['interfaces'] },
  'list programs': { argv: ['list', '/usr/bin'] },
  'signal another process': { argv: ['signal', '{VICTIM}'] },
  'attach to another process': { argv: ['attach', '{VICTIM}'] },
  'make a namespace': { argv: ['unshare'] },
  'write to the home directory': { argv: ['write', '{HOME}/new'] },
  "write to another call's directory": { argv: ['write', '{CALLS}/other/new'] },
  'write to its place': { argv: ['write', '{PLACE}/new'] },
  'write a very large file': { argv: ['sparse', '{PLACE}/large', String(CLI_FILE_BYTES_MAX + 1)] },
  'take a lot of memory': { argv: ['allocate', String(CLI_DATA_BYTES_MAX + MEBIBYTE)] },
  ...Object.fromEntries(
    ['/', '/tmp', '/usr/lib', '/etc', '/dev/shm', '/proc/sys/kernel'].map((directory) => [
      `write to ${directory}`,
      // Not outside: root could.
      { argv: ['write', `${directory}/turret-test`], in: ['unix', 'waiting', 'zygote'] },
    ]),
  ),
  'list the places': { argv: ['list', '{CALLS}'] },
  'read the environment of the first process': { argv: ['read', '/proc/1/environ'], in: ['zygote'] },
  'read the memory of the first process': { argv: ['read', '/proc/1/mem'], in: ['zygote'] },
  'send every signal to the first process': { argv: ['disturb', '1'], in: ['zygote'] },
  surroundings: { argv: ['surroundings'], env: { TZ: 'Asia/Kolkata' } },
  fork: { argv: ['fork', String(CLI_TASKS_MAX)] },
  'leave a daemon': { argv: ['daemon', '{PLACE}/pid', '{NAME}'] },
  'print without end': { argv: ['endless'], outputMax: MEBIBYTE },
  'exit 0': { argv: ['exit', '0'] },
  'exit 3': { argv: ['exit', '3'] },
  'exit 130': { argv: ['exit', '130'] },
  'exit 255': { argv: ['exit', '255'] },
  'die of TERM': { argv: ['die', 'TERM'] },
  'die of SEGV': { argv: ['die', 'SEGV'] },
  'die of KILL': { argv: ['die', 'KILL'] },

  'get USR1': { argv: ['ready'], signal: { name: 'USR1', when: 'ready' } },
  'get TERM at once': { argv: ['ready'], signal: { name: 'TERM', when: 'at once' } },
  'get QUIT': { argv: ['ready'], signal: { name: 'QUIT', when: 'ready' } },
  'get HUP': { argv: ['ready'], signal: { name: 'HUP', when: 'ready' } },
  'get INT and handle it': { argv: ['ready', '7'], signal: { name: 'INT', when: 'ready' } },
  'get TERM and handle it': { argv: ['ready', '8'], signal: { name: 'TERM', when: 'ready' } },
  // A sandbox that waits has no input.
  'read 64 MiB': { argv: ['digest'], stdin: 64 * MEBIBYTE, in: ['unix', 'tcp', 'zygote'] },
  'look at everything': { argv: ['same', '{PLACE}'], in: ['unix', 'waiting'], env: { TZ: 'Asia/Kolkata' } },
  'write 64 MiB': { argv: ['flood', String(64 * MEBIBYTE)] },
};

function processesWith(words: string): string[] {
  return processes().flatMap(({ pid, command }) => (command.includes(words) ? [pid] : []));
}

function descendants(of: number): string[] {
  const all = processes();
  const below = (parent: string): string[] =>
    all.filter((one) => one.parent === parent).flatMap(({ pid }) => [pid, ...below(pid)]);
  return below(String(of));
}

function processes(): { pid: string; parent: string; command: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const [, parent = ''] = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
      return [{ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') }];
    } catch {
      return []; // It has ended.
    }
  });
}
