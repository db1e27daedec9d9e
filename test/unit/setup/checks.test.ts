// Lines of the doctor: each for the good case and for its neighbour.

import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { TurretError } from '../../../src/errors.js';
import type { Level, NetworkMode } from '../../../src/isolation/levels.js';
import { attemptChecks, fileChecks, type ShutIn } from '../../../src/setup/attempt-checks.js';
import { hasRoute } from '../../../src/setup/attempts-inside.js';
import type { AttemptOutcome } from '../../../src/setup/attempts.js';
import {
  environmentCheck,
  levelCheck,
  nodeCheck,
  ptraceCheck,
  setprivCheck,
  shimCheck,
  workspaceCheck,
} from '../../../src/setup/machine-checks.js';
import {
  configChecks,
  hostKeyCheck,
  lastLogCheck,
  sessionChecks,
  stateCheck,
} from '../../../src/setup/record-checks.js';
import {
  cliSandboxChecks,
  credentialChecks,
  toolCheck,
  waitingCheck,
  zygoteCheck,
} from '../../../src/setup/tool-checks.js';
import { vaultCheck } from '../../../src/setup/vault-check.js';
import { colorsFor } from '../../../src/ui/colors.js';
import { doctorLines, progressLine } from '../../../src/ui/doctor.js';
import { vaultFile } from '../../../src/vault/places.js';
import { createVault } from '../../../src/vault/vault-file.js';
import { makeVault, slotOf } from '../vault/vaults.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

let home: TemporaryHome;
beforeEach(() => {
  home = temporaryHome();
});
afterEach(() => home.remove());

describe('the machine', () => {
  test.each([
    ['20.19.0', undefined],
    ['24.0.1', undefined],
    ['20.18.9', true],
    ['18.20.0', true],
  ])('node %s blocks: %s', (version, blocks) => {
    expect(nodeCheck(version).blocks).toBe(blocks);
  });
  test('the shim is native or that of Node, and only a choice that is none blocks', () => {
    expect(shimCheck({ native: '/x/turret-shim', why: '/x/turret-shim' })).toMatchObject({
      state: 'native',
      why: '/x/turret-shim',
    });
    const slower = shimCheck({ why: 'none is built for this machine' });
    expect(slower).toMatchObject({
      state: 'node',
      level: 'info',
      why: expect.stringContaining('none is built'),
    });
    expect(slower.blocks).toBeUndefined();
    const refused = new TurretError('usage', 'TURRET_SHIM="x" is no shim', { hints: ['leave it out'] });
    expect(shimCheck(refused)).toMatchObject({ level: 'bad', blocks: true, fix: 'leave it out' });
  });
  test('a level that fails blocks only when a session would use it', () => {
    const problem = new TurretError('isolation_unavailable', 'no namespaces', { hints: ['allow them'] });
    expect(levelCheck('namespaced', problem, true)).toMatchObject({
      level: 'bad',
      blocks: true,
      why: 'no namespaces',
      fix: 'allow them',
    });
    expect(levelCheck('strict', problem, false)).toMatchObject({ level: 'warn' });
    expect(levelCheck('strict', problem, false).blocks).toBeUndefined();
    expect(levelCheck('namespaced', { line: 'isolation namespaced: home is hidden' }, true)).toMatchObject({
      state: 'works',
      level: 'ok',
      why: 'home is hidden',
    });
  });
  test('no session starts in the home directory or above it, one starts below', () => {
    const env = { HOME: '/home/me' };
    expect(workspaceCheck({ env, cwd: '/home/me', isolated: true }).blocks).toBe(true);
    expect(workspaceCheck({ env, cwd: '/', isolated: true }).blocks).toBe(true);
    expect(workspaceCheck({ env, cwd: '/home/me/project', isolated: true })).toMatchObject({ level: 'ok' });
    expect(workspaceCheck({ env, cwd: '/home/me', isolated: false }).blocks).toBeUndefined();
  });
  test('variables that look like secrets are named, their values are not', () => {
    const { why } = environmentCheck({ GH_TOKEN: 'canary', LANG: 'C', PROXY: 'http://me:canary@host' });
    expect(why).toBe('not passed to the agent: GH_TOKEN, PROXY');
    expect(environmentCheck({ LANG: 'C' }).why).toBe('nothing in it looks like a secret');
  });
  test('setpriv and Yama are found where they are, and missed where they are not', () => {
    const file = home.write('scope', '1\n');
    expect(setprivCheck([file]).level).toBe('ok');
    expect(setprivCheck([`${file}.none`])).toMatchObject({ level: 'warn', state: 'missing' });
    expect(ptraceCheck(file).state).toBe('guarded');
    expect(ptraceCheck(home.write('scope', '0\n')).state).toBe('open');
    expect(ptraceCheck(`${file}.none`).state).toBe('open');
  });
});

describe('a route to an address', () => {
  const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const metadata = (rows: string): boolean => hasRoute(HEAD + rows, [169, 254, 169, 254]);

  test('is a default route, a route of its network, a route of its own', () => {
    expect(metadata('eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n')).toBe(true);
    expect(metadata('eth0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n')).toBe(true);
    expect(metadata('eth0\tFEA9FEA9\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n')).toBe(true);
  });
  test('is not a route elsewhere, one that is down, one that rejects, or none', () => {
    expect(metadata('eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n')).toBe(false);
    expect(metadata('eth0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n')).toBe(false);
    expect(metadata('lo\tFEA9FEA9\t00000000\t0205\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n')).toBe(false);
    expect(metadata('')).toBe(false);
  });
});

describe('escape attempts', () => {
  const NONE: AttemptOutcome = {
    processes: false,
    environments: false,
    files: [],
    keyDirectories: [],
    sockets: [],
    loopback: false,
    metadata: false,
    written: [],
    programs: [],
    privileges: false,
    terminal: false,
    targets: { keyDirectories: ['/home/me/.aws'], sockets: ['/x', '\0x'], programs: ['/usr/bin/aws'] },
    abstract: '\0x',
  };
  const shutIn = (level: Level, mode: NetworkMode, abi: number): ShutIn => ({
    level,
    network: { mode, ports: [], landlock: { abi, problem: abi === 0 ? 'no koffi' : undefined } },
  });
  const BARE = shutIn('namespaced', 'open', 0);
  const PORTS = shutIn('namespaced', 'ports', 7);
  const STRICT = shutIn('strict', 'none', 0);
  const open = (outcome: Partial<AttemptOutcome>, how = BARE): [string, string][] =>
    attemptChecks({ ...NONE, ...outcome }, how)
      .filter(({ state }) => state !== 'stopped')
      .map(({ id, level }) => [id, level]);

  test('that reach nothing are all stopped', () => {
    expect(open({})).toEqual([]);
    expect(attemptChecks(NONE, BARE)).toHaveLength(11);
  });
  test.each<[Partial<AttemptOutcome>, string]>([
    [{ processes: true }, 'attempt.processes'],
    [{ environments: true }, 'attempt.environments'],
    [{ keyDirectories: ['/home/me/.aws'] }, 'attempt.key-directories'],
    [{ sockets: ['/x'] }, 'attempt.sockets'],
    [{ written: ['/etc'] }, 'attempt.outside'],
    [{ privileges: true }, 'attempt.privileges'],
    [{ terminal: true }, 'attempt.terminal'],
  ])('%j is wrong at every level', (outcome, id) => {
    expect(open(outcome)).toEqual([[id, 'bad']]);
    expect(open(outcome, PORTS)).toEqual([[id, 'bad']]);
    expect(open(outcome, STRICT)).toEqual([[id, 'bad']]);
  });
  test.each<[Partial<AttemptOutcome>, string]>([
    [{ loopback: true }, 'attempt.loopback'],
    [{ metadata: true }, 'attempt.metadata'],
    [{ sockets: ['\0x'] }, 'attempt.abstract-sockets'],
  ])(
    '%j is to be known where the network is open, and wrong where it is promised to be closed',
    (outcome, id) => {
      expect(open(outcome)).toEqual([[id, 'warn']]);
      expect(open(outcome, PORTS)).toEqual([[id, 'bad']]);
      expect(open(outcome, STRICT)).toEqual([[id, 'bad']]);
    },
  );
  test('without namespaces other processes can be seen, and as another user sockets can be reached', () => {
    const seen = { processes: true, sockets: ['/x'] };
    expect(open(seen, shutIn('landlock', 'ports', 7))).toEqual([
      ['attempt.processes', 'warn'],
      ['attempt.sockets', 'bad'],
    ]);
    expect(open(seen, shutIn('uid', 'ports', 7)).map(([, level]) => level)).toEqual(['warn', 'warn']);
  });
  test('a file with credentials is hidden, or readable with the reason', () => {
    const files = [
      { path: '/home/me/.netrc', holds: 'passwords' },
      { path: '/w/.env', holds: 'secrets' },
    ];
    const states = (outcome: AttemptOutcome | undefined) =>
      fileChecks(files, outcome, '/w').map(({ state, level }) => [state, level]);
    expect(states(NONE)).toEqual([
      ['hidden', 'ok'],
      ['hidden', 'ok'],
    ]);
    expect(states({ ...NONE, files: ['/w/.env'] })).toEqual([
      ['hidden', 'ok'],
      ['readable', 'warn'],
    ]);
    expect(states(undefined)).toEqual([
      ['readable', 'warn'],
      ['readable', 'warn'],
    ]);
  });
});

describe('the vault', () => {
  test('is looked at without being opened: none, whole, without its keychain, open to others, damaged', async () => {
    const env = { HOME: home.path };
    expect(vaultCheck(env)).toMatchObject({ state: 'none', level: 'info' });
    const file = vaultFile(env) ?? '';
    const vault = await makeVault({ a: 'first-value' });
    vault.addSlot(await vault.prepareSlot({ ...slotOf({ key: randomBytes(32) }), kind: 'keychain' }));
    createVault({ file, state: home.path }, vault);
    const there = () => ({ keychain: { read: () => undefined, write: () => {}, remove: () => {} } });
    expect(vaultCheck(env, there)).toMatchObject({
      level: 'ok',
      why: '1 secrets; opens with passphrase, keychain',
    });
    expect(vaultCheck(env, () => ({ problem: 'no package' }))).toMatchObject({
      state: 'no keychain',
      level: 'warn',
    });
    chmodSync(file, 0o640);
    expect(vaultCheck(env)).toMatchObject({ level: 'bad', fix: `chmod 600 ${file}` });
    chmodSync(file, 0o600);
    writeFileSync(file, '{}');
    expect(vaultCheck(env)).toMatchObject({
      level: 'bad',
      why: expect.stringContaining('damaged') as string,
    });
  });
});

describe('records', () => {
  test('a state directory can be made below a directory, and not below a file', () => {
    expect(stateCheck(`${home.path}/a/b/turret`).level).toBe('ok');
    const file = home.write('file', '', 0o755);
    expect(stateCheck(`${file}/turret`)).toMatchObject({ level: 'bad', blocks: true });
    expect(
      stateCheck(new TurretError('state_unwritable', 'HOME is not set', { hints: ['set HOME'] })),
    ).toMatchObject({ blocks: true, fix: 'set HOME' });
  });
  test('a host key that others can read blocks; none yet does not', () => {
    expect(hostKeyCheck(home.path)).toMatchObject({ state: 'none', level: 'info' });
    home.write('host.key', `turret-host-key-v1 ${'A'.repeat(43)}\n`, 0o644);
    expect(hostKeyCheck(home.path)).toMatchObject({ state: 'unusable', blocks: true });
  });
  test('a last log that is none is damaged; no session yet is not', () => {
    expect(lastLogCheck(home.path)).toMatchObject({ state: 'none', level: 'info' });
    home.write(`sessions/20261123T000000Z-${'0'.repeat(20)}/audit.jsonl`, '{}\n');
    expect(lastLogCheck(home.path)).toMatchObject({
      state: 'damaged',
      level: 'bad',
      fix: 'turret audit verify 00000000',
    });
  });
  test('a running session is counted, one that was killed is removed and said', () => {
    const session = {
      sid: 'a'.repeat(20),
      pid: process.pid,
      label: 'mine',
      command: 'x',
      started: '',
      isolation: 'auto',
    };
    home.write(`${session.sid}/session.json`, JSON.stringify(session));
    home.write(
      `${'b'.repeat(20)}/session.json`,
      JSON.stringify({ ...session, sid: 'b'.repeat(20), ticks: '1' }),
    );
    expect(sessionChecks([home.path])).toMatchObject([
      { id: 'running', state: '1', why: 'aaaaaaaa (mine)' },
      { id: 'stale', state: 'removed', why: '1 runtime directory' },
    ]);
    expect(sessionChecks([home.path])[1]).toMatchObject({ state: 'none' });
  });
  test('every problem of turret.yaml is a line that blocks', () => {
    const problems = [
      { file: 'turret.yaml', line: 2, column: 1, message: 'unknown key "x"' },
      { file: 'turret.yaml', line: 3, column: 1, message: 'unknown key "y"' },
    ];
    expect(configChecks({ problems }).map(({ blocks, why }) => [blocks, why])).toEqual([
      [true, 'turret.yaml:2:1: unknown key "x"'],
      [true, 'turret.yaml:3:1: unknown key "y"'],
    ]);
  });
});

describe('tools and credentials', () => {
  test('a CLI with its own table, by an older one, without one, and none', () => {
    const aws = { tool: 'aws', path: '/usr/bin/aws', version: '2.9.20' };
    expect(toolCheck({ ...aws, table: '2.9.20' })).toMatchObject({ level: 'ok', state: 'ok' });
    expect(toolCheck({ ...aws, table: '2.9.19' })).toMatchObject({
      level: 'info',
      why: expect.stringContaining('table of 2.9.19') as string,
    });
    expect(toolCheck({ ...aws, problem: 'no table' })).toMatchObject({ level: 'warn', state: 'unknown' });
    expect(toolCheck({ tool: 'aws', problem: 'none', fix: 'install it' })).toMatchObject({
      level: 'warn',
      state: 'missing',
      fix: 'install it',
    });
  });
  test('the programs are shut in when all that were found are, and the first that is not tells why', () => {
    const aws = { tool: 'aws', path: '/usr/bin/aws', version: '2.9.20' };
    const gh = {
      tool: 'gh',
      path: '/usr/bin/gh',
      version: '2.23.0',
      open: { why: 'no bwrap', hint: 'get one' },
    };
    expect(cliSandboxChecks([aws, { tool: 'gh', problem: 'none' }])).toMatchObject([
      { state: 'yes', level: 'ok' },
    ]);
    expect(cliSandboxChecks([aws, gh])).toMatchObject([
      { state: 'no', level: 'warn', why: 'gh: no bwrap', fix: 'get one' },
    ]);
    expect(cliSandboxChecks([{ tool: 'gh', problem: 'none' }])).toEqual([]);
  });
  test('whether calls of aws are forked is told with the reason, where it was tried', () => {
    expect(zygoteCheck({ tool: 'aws' })).toEqual([]);
    expect(zygoteCheck({ tool: 'aws', cold: null })).toMatchObject([{ state: 'yes', level: 'ok' }]);
    const why = 'each call starts it by itself: too old';
    expect(zygoteCheck({ tool: 'aws', cold: 'too old' })).toMatchObject([
      { state: 'no', level: 'info', why },
    ]);
  });
  test('whether a sandbox waits for gh is told with the reason, where it was tried', () => {
    expect(waitingCheck({ tool: 'gh' })).toEqual([]);
    expect(waitingCheck({ tool: 'gh', unprepared: null })).toMatchObject([{ state: 'yes', level: 'ok' }]);
    const why = 'each call makes its own: nothing was compiled';
    expect(waitingCheck({ tool: 'gh', unprepared: 'nothing was compiled' })).toMatchObject([
      { state: 'no', level: 'info', why },
    ]);
  });
  test('a repeater without a credential has no line', () => {
    expect(credentialChecks({ echo: { name: 'echo', kind: 'echo' } }, {})).toEqual([]);
  });
});

describe('the table', () => {
  const colors = colorsFor({}, {});

  test('makes foreign characters visible, and says whether a session can start', () => {
    const check = {
      id: 'x',
      group: 'records' as const,
      what: 'log',
      state: 'damaged',
      level: 'bad' as const,
      why: 'a\u001b[2J',
      fix: 'look',
    };
    const lines = doctorLines({ ok: false, checks: [check] }, colors);
    expect(lines).toEqual([
      'records',
      'x log  damaged  a\\u{1b}[2J',
      '                fix: look',
      '',
      'no session can start here; 0 ok, 0 to know, 1 wrong',
    ]);
    expect(doctorLines({ ok: true, checks: [check] }, colors).at(-1)).toMatch(/^a session can start here/);
  });
  test.each([
    [true, 'xterm', 2],
    [true, 'dumb', 0],
    [false, 'xterm', 0],
  ])('has a progress line on a terminal only, that can go back: %s %s', (isTTY, TERM, writes) => {
    const written: string[] = [];
    const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
    const line = progressLine(stream, { TERM });
    line.show('x');
    line.done();
    expect(written).toHaveLength(writes);
  });
});
