// Two programs, one shim: what an agent sees of the native one is, byte for byte, what it sees of the one that Node runs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type BrokerSession, type Ran, outcome, startBrokerSession } from '../helpers/broker-session.js';

let session: BrokerSession;
let directory: string;
beforeAll(async () => {
  session = await startBrokerSession({ shim: 'native' });
  for (const kind of SHIMS)
    linkSync(join(session.agentDirectory, kind, 'loop'), join(session.agentDirectory, kind, 'turret'));
  // Not below /tmp, which is a place of its own for a shim.
  directory = mkdtempSync('/var/tmp/tsm-');
  mkdirSync(join(directory, 'tree/empty'), { recursive: true });
  for (const name of ['tree/b', 'tree/é', 'tree/😀', 'tree/\uffff', 'tree/a.txt'])
    writeFileSync(join(directory, name), name);
  symlinkSync('../a', join(directory, 'tree/link'));
  writeFileSync(join(directory, 'a'), 'text');
  symlinkSync('/etc/passwd', join(directory, 'out'));
});
afterAll(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

const SHIMS = ['bin', 'node'] as const;

/** Both shims at once, started by these words; `loop` among them is the shim. */
function both(words: string[], input = '', env: Record<string, string> = {}): Promise<Ran[]> {
  return Promise.all(
    SHIMS.map((kind) => {
      const PATH = `${join(session.agentDirectory, kind)}:/usr/bin:/bin`;
      const [file = '', ...args] = words;
      const child = spawn(file === 'loop' ? join(session.agentDirectory, kind, 'loop') : file, args, {
        cwd: directory,
        env: { PATH, ...env },
      });
      child.stdin.on('error', () => {}); // it may end without reading its input
      child.stdin.end(input);
      return outcome(child);
    }),
  );
}

test('the two that are compared are two programs', () => {
  const [native, node] = SHIMS.map((kind) => readFileSync(join(session.agentDirectory, kind, 'loop')));
  expect(native?.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(node?.subarray(0, 2).toString()).toBe('#!');
});

describe('the same code, signal, output and words', () => {
  test.each<[string, string[], string?, Record<string, string>?]>([
    ['words', ['loop', 'say', 'a\nb', '', 'ü€😀\u2028', '"\\/', '\u0001\u007f', '--help']],
    [
      'words that are no text',
      ['bash', '-c', String.raw`loop say $'a\xffb' $'\xe2\x82' $'\xed\xa0\x80' $'\xf0\x9f\x98'`],
    ],
    ['all bytes', ['loop', 'bytes']],
    ['an exit code', ['loop', 'exit', '42']],
    ['a signal', ['loop', 'killed', 'TERM']],
    ['input', ['loop', 'stdin_echo'], 'in\0put\n'],
    ['a denial', ['loop', 'remove', 'x']],
    ['a refusal of others’ making', ['loop', 'fail', 'no_credentials']],
    ['no such word', ['loop', '--version']],
    ['a call by its action', ['bash', '-c', 'turret call loop.say text=x']],
    ['a param twice', ['bash', '-c', 'turret call loop.say text=x text=y']],
    ['a param that is no text', ['bash', '-c', 'turret call loop.say text:=1']],
    ['no word', ['loop']],
    [
      'facts',
      ['loop', 'facts', 'env.AWS_REGION', 'git.branch', 'env.HOME', 'file.x', '_no', 'env.TZ'],
      '',
      { AWS_REGION: 'r-é', TZ: 'x'.repeat(8_193) },
    ],
    ['more facts than fit', ['loop', 'facts', ...Array.from({ length: 20 }, (_, at) => `env.X${at}`)]],
    ['what its streams are', ['loop', 'terminal'], '', { NO_COLOR: '1' }],
    [
      'on a terminal',
      ['script', '-qec', 'stty cols 133 rows 41; loop terminal', '/dev/null'],
      '',
      { TERM: 'xterm' },
    ],
    ['on a dumb one', ['script', '-qec', 'loop terminal', '/dev/null'], '', { TERM: 'dumb' }],
    ['a tree', ['loop', 'files', 'tree=tree']],
    ['names', ['loop', 'files', 'stat=tree', 'stat=a', 'read=missing']],
    ['a link out', ['loop', 'files', 'read=out']],
    ['a file elsewhere', ['loop', 'files', 'read=/etc/passwd', 'read=../x']],
    ['a way up', ['loop', 'files', 'read=../x']],
    ['a file nobody named', ['loop', 'give', 'write=new', 'give:other=x']],
    ['a directory that is a link', ['loop', 'give', 'writetree=tree/link', 'give:tree/link/x=x']],
    ['a name too long', ['loop', 'give', `write=${'n'.repeat(300)}`, `give:${'n'.repeat(300)}=x`]],
    ['a directory in the place', ['loop', 'give', 'write=tree', 'give:tree=x']],
    ['a full disk', ['bash', '-c', 'loop say x > /dev/full']],
    ['closed streams', ['bash', '-c', 'loop say x >&-; echo $?; loop exit 3 2>&- <&-; echo $?']],
    [
      'a working directory that is gone',
      ['bash', '-c', 'mkdir gone-$$; cd gone-$$; rmdir ../gone-$$; loop say x'],
    ],
    ['no session', ['loop', 'say'], '', { TURRET_TOKEN: 'trt_x' }],
    ['no broker', ['loop', 'say'], '', { TURRET_SOCKET: '/nonexistent' }],
    [
      'no broker in codex',
      ['loop', 'say'],
      '',
      { TURRET_SOCKET: '/nonexistent', CODEX_SANDBOX_NETWORK_DISABLED: '1' },
    ],
  ])('%s', async (_what, words, input, env) => {
    const [native, node] = await both(words, input, env);
    expect(native).toEqual(node);
  });
});

/** Whether this namespace has somebody of that number. */
function isUser(uid: number): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([first = 0, , count = 0]) => uid >= first && uid < first + count);
}

describe('a broker in the runtime directory is asked when nobody else could have put it there', () => {
  const NOT_FOUND = /^125 .*is not to be found/;
  const SOMEBODY = 54_321;
  const CASES: [string, (base: string, place: string) => void, RegExp][] = [
    ['both are ours alone', () => {}, /^0 $/],
    ['others may enter the one', (base) => chmodSync(base, 0o710), NOT_FOUND],
    ['others may enter the other', (_base, place) => chmodSync(place, 0o701), NOT_FOUND],
    [
      'a link is in its place',
      (_base, place) => {
        renameSync(place, `${place}-real`);
        symlinkSync(`${place}-real`, place);
      },
      NOT_FOUND,
    ],
  ];
  // Nobody else can give a directory away, and in a namespace of one user there is nobody to take it.
  if (process.getuid?.() === 0 && isUser(SOMEBODY))
    CASES.push(
      ['the one is somebody else’s', (base) => chownSync(base, SOMEBODY, SOMEBODY), NOT_FOUND],
      ['the other is somebody else’s', (_base, place) => chownSync(place, SOMEBODY, SOMEBODY), NOT_FOUND],
    );

  test.each(CASES)('%s', async (_what, change, told) => {
    const runtime = mkdtempSync('/tmp/tsr-');
    const base = join(runtime, 'turret');
    const place = join(base, session.sid);
    mkdirSync(join(place, 'agent'), { recursive: true });
    linkSync(join(session.agentDirectory, 'agent.sock'), join(place, 'agent/agent.sock'));
    for (const path of [base, place]) chmodSync(path, 0o700);
    change(base, place);
    const env = { TURRET_TOKEN: session.token, XDG_RUNTIME_DIR: runtime };
    const [native, node] = await Promise.all(
      SHIMS.map((kind) => {
        mkdirSync(join(runtime, kind));
        const copy = join(runtime, kind, 'loop');
        copyFileSync(join(session.agentDirectory, kind, 'loop'), copy);
        return outcome(spawn(copy, ['say', 'x'], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
      }),
    );
    rmSync(runtime, { recursive: true });
    expect(native).toEqual(node);
    expect(`${native?.code} ${native?.stderr}`).toMatch(told);
  });
});

test('a way up in the path of a shim is one in its words: where it is a link to is looked at after that', async () => {
  const far = mkdtempSync('/tmp/tsl-');
  const env = { TURRET_SOCKET: join(session.agentDirectory, 'agent.sock') };
  const [native, node] = await Promise.all(
    SHIMS.map((kind) => {
      const agent = join(far, `agent-${kind}`);
      for (const path of [join(far, kind), join(agent, 'bin/sub')]) mkdirSync(path, { recursive: true });
      copyFileSync(join(session.agentDirectory, 'token'), join(agent, 'token'));
      copyFileSync(join(session.agentDirectory, kind, 'loop'), join(far, kind, 'loop'));
      symlinkSync(`../../${kind}/loop`, join(agent, 'bin/loop'));
      return outcome(
        spawn(`${agent}/bin/sub/../loop`, ['say', 'x'], { env, stdio: ['ignore', 'pipe', 'pipe'] }),
      );
    }),
  );
  rmSync(far, { recursive: true });
  expect(native).toEqual(node);
  expect(native).toMatchObject({ code: 0, stdout: Buffer.from('x'), stderr: '' });
});

test('the native one leaves no core file, whose memory holds the token, when it crashes', async () => {
  const child = spawn('sh', ['-c', 'ulimit -c $(ulimit -Hc); exec "$0" signals', session.shim], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const bounds = readFileSync(`/proc/${child.pid}/limits`, 'latin1');
  child.kill('SIGKILL');
  expect(/^Max core file size +(\S+) +(\S+)/m.exec(bounds)?.slice(1)).toEqual(['0', '0']);
});

test('what is compared is not nothing: two calls that differ are seen to', async () => {
  const [one] = await both(['loop', 'say', 'one']);
  const [two] = await both(['loop', 'say', 'two']);
  expect(one).not.toEqual(two);
  expect(one).toMatchObject({ code: 0, stdout: Buffer.from('one') });
});

test('where output cannot be opened again, Node’s shim takes over before anything is asked, and it is one call', async () => {
  // Without /proc. The pipe is blocking, and a write to it could keep ^C waiting.
  const line = 'mount -t tmpfs none /proc && loop say once | cat';
  const env = { NODE_DEBUG: 'net' };
  const [native] = await both(['unshare', '-rm', 'sh', '-c', line], '', env);
  expect(native).toMatchObject({
    code: 0,
    stdout: Buffer.from('once'),
    stderr: expect.stringMatching(/^NET /),
  });
  const [usual] = await both(['loop', 'say', 'once'], '', env);
  expect(usual).toMatchObject({ code: 0, stdout: Buffer.from('once'), stderr: '' });
});
