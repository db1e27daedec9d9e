// The shim as agents have it: the bundled file under a tool's name, before a real broker process and a real repeater
// process that does what its command line says.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import {
  type BrokerSession,
  type Ran,
  SHIM_TESTED,
  gone,
  outcome,
  startBrokerSession,
  stdoutOf,
} from '../helpers/broker-session.js';
import { NATIVE_MIB_MAX } from '../helpers/native-shim.js';

let session: BrokerSession;
let directory: string;
beforeAll(async () => {
  session = await startBrokerSession();
  directory = mkdtempSync('/tmp/tsd-');
});
afterAll(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

function start(
  argv: string[],
  stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = spawn(session.shim, argv, { env: { PATH: '/usr/bin:/bin', ...env }, stdio, cwd: directory });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function loop(...argv: string[]): Promise<Ran> {
  return outcome(start(argv));
}

/** A line of bash in which `loop` is the shim. */
function bash(line: string): Promise<Ran> {
  const env = { PATH: `${join(session.agentDirectory, 'bin')}:/usr/bin:/bin` };
  return outcome(spawn('bash', ['-c', line], { env, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Waits until a stream has written these words; what came with them is not lost to `outcome`. */
async function until(child: ChildProcess, words: string): Promise<void> {
  let seen = '';
  while (!seen.includes(words)) seen += String((await once(stdoutOf(child), 'data'))[0]);
}

async function untilLogged(words: string): Promise<void> {
  while (!session.repeaterLog().includes(words)) await new Promise((resolve) => setTimeout(resolve, 5));
}

function numbered(word: string, count: number): string {
  return Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join('');
}

/** What the shim answers when it is asked for these. */
async function facts(names: string[], env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const { stdout } = await outcome(start(['facts', ...names], ['ignore', 'pipe', 'inherit'], env));
  const told: Record<string, unknown> = JSON.parse(stdout.toString());
  return told;
}

function elsewhere(path: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return outcome(
    spawn(path, ['say', 'x'], { env: { PATH: '/usr/bin:/bin', ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

function copyOfShim(): string {
  const place = mkdtempSync('/tmp/tse-');
  onTestFinished(() => rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const path = join(place, 'loop');
  writeFileSync(path, readFileSync(session.shim), { mode: 0o755 });
  return path;
}

describe('output', () => {
  test('every byte value arrives as it was written', async () => {
    const { stdout } = await loop('bytes');
    expect(stdout).toEqual(Buffer.from(Array.from({ length: 256 }, (_, at) => at)));
  });

  test('both streams keep their order and do not mix', async () => {
    const { stdout, stderr } = await loop('both', '3000');
    expect(stdout.toString()).toBe(numbered('out', 3000));
    expect(stderr).toBe(numbered('err', 3000));
  });

  test('words reach the tool as they were typed, options and all', async () => {
    const words = ['--help', '-v', '', 'two words', '$HOME', 'ü€😀', 'a\nb'];
    expect((await loop('say', ...words)).stdout.toString()).toBe(words.join(' '));
  });

  test('256 MiB before a reader that stands still first pass in order and in bounded memory', async () => {
    const child = start(['flood', '256']);
    const stdout = stdoutOf(child);
    await once(stdout, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 700));
    let bytes = 0;
    let peak = 0;
    let rest = Buffer.alloc(0);
    for await (const chunk of stdout) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 65_536) {
        if (rest.readUInt32BE(0) !== bytes / 65_536)
          throw new Error(`block ${bytes / 65_536} is not where it belongs`);
        rest = rest.subarray(65_536);
        bytes += 65_536;
        if (bytes === 255 * 1_048_576) peak = residentPeak(child.pid ?? 0);
      }
    }
    expect(bytes).toBe(256 * 1_048_576);
    const [least, most] = SHIM_TESTED === 'native' ? [0.5, NATIVE_MIB_MAX] : [10, 160];
    expect(peak).toBeGreaterThan(least);
    expect(peak).toBeLessThan(most);
  });

  test('a slow reader at the end of a pipe gets everything', async () => {
    expect((await bash('loop flood 24 | (sleep 0.5; wc -c)')).stdout.toString().trim()).toBe(
      String(24 * 1_048_576),
    );
  });

  test('a pipe is left as blocking as it was for the next process that writes to it', async () => {
    // O_NONBLOCK is 04000 in the octal flags of the open description. Killed, because Node tidies up when it exits.
    const { stdout } = await bash('(loop killed KILL; grep flags /proc/self/fdinfo/1) | cat');
    expect(Number.parseInt(/flags:\s+(\d+)/.exec(stdout.toString())?.[1] ?? '4000', 8) & 0o4000).toBe(0);
  });

  test('output to a file continues where the file is, also when it is appended to', async () => {
    writeFileSync(join(directory, 'log'), 'before ');
    await bash('{ loop say one; loop say two; } >> log; loop say three >> log');
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('before onetwothree');
  });
});

describe('ends', () => {
  test.each([0, 1, 4, 252, 255])('the exit code %i is the tool’s', async (code) => {
    expect(await loop('exit', String(code))).toMatchObject({ code, stderr: '' });
  });

  test.each(['TERM', 'INT', 'HUP', 'PIPE', 'KILL'])(
    'a tool that died of %s is seen as dead of it',
    async (signal) => {
      expect(await loop('killed', signal)).toMatchObject({ code: null, signal: `SIG${signal}`, stderr: '' });
    },
  );

  test.each([
    ['QUIT', 131],
    ['USR1', 138],
  ])('a tool that died of %s is 128+n, without a core file and without a debugger', async (signal, code) => {
    expect(await loop('killed', signal)).toMatchObject({ code, signal: null, stderr: '' });
  });

  test('a shell sees 128+n', async () => {
    expect((await bash('loop killed TERM; echo $?')).stdout.toString().trim()).toBe('143');
  });

  test.each([
    ['unresolvable', 126],
    ['rate_limited', 126],
    ['audit_unavailable', 126],
    ['deadline_exceeded', 124],
    ['cancelled', 130],
    ['no_credentials', 125],
    ['internal', 125],
  ])('the refusal %s exits %i', async (name, code) => {
    expect(await loop('fail', name)).toMatchObject({ code });
  });

  test('a denied call exits 126 with two lines that name rule and way out; its neighbour runs', async () => {
    const { code, stdout, stderr } = await loop('remove', 'x');
    expect({ code, stdout: stdout.length }).toEqual({ code: 126, stdout: 0 });
    expect(stderr).toMatch(
      /^turret: denied loop\.remove by rule "no-rm"\nturret: hint: retrying will not help[^\n]*\n$/,
    );
    expect(await loop('say', 'x')).toMatchObject({ code: 0, stderr: '' });
  });

  test('what others wrote into a refusal neither moves the cursor nor begins a line', async () => {
    const { stderr } = await loop('fail', 'no_credentials');
    expect(stderr).toBe(
      String.raw`turret: error: it \u{1b}[31mbroke\u{202e}` +
        '\n' +
        String.raw`turret: hint: do\u{a}not` +
        '\n',
    );
  });

  test('a command line that fits in no frame is refused with what to do instead', async () => {
    const { code, stdout, stderr } = await loop(
      'say',
      ...Array.from({ length: 4_000 }, () => 'x'.repeat(100)),
    );
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 126, stdout: '' });
    expect(stderr).toBe(
      'turret: error: the command line is too long\nturret: hint: give long text in a file or on standard input\n',
    );
  });

  test('a command the repeater does not understand is refused with what to type instead', async () => {
    expect(await loop('--version')).toMatchObject({
      code: 126,
      stderr: 'turret: error: there is no word "--version"\nturret: hint: say hello\n',
    });
  });
});

describe('signals', () => {
  test('TERM, HUP, USR1 and INT reach the tool, which decides about its end', async () => {
    const child = start(['signals']);
    const ran = outcome(child);
    await until(child, 'ready\n');
    for (const signal of ['HUP', 'USR1', 'INT'] as const) {
      child.kill(`SIG${signal}`);
      await until(child, `${signal}\n`);
    }
    child.kill('SIGUSR2');
    const { code, stdout, stderr } = await ran;
    expect({ code, stderr, stdout: stdout.toString() }).toEqual({
      code: 7,
      stderr: '',
      stdout: 'ready\nHUP\nUSR1\nINT\nUSR2\n',
    });
  });

  test('TERM ends the shim by TERM when it ended the tool', async () => {
    const child = start(['signals']);
    const ran = outcome(child);
    await until(child, 'ready\n');
    child.kill('SIGTERM');
    expect(await ran).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('the second ^C cancels the call and ends the shim like ^C', async () => {
    const child = start(['signals']);
    const ran = outcome(child);
    await until(child, 'ready\n');
    child.kill('SIGINT');
    await until(child, 'INT\n');
    child.kill('SIGINT');
    expect(await ran).toMatchObject({ signal: 'SIGINT' });
    await untilLogged('cancelled');
  });

  test('^C twice ends a shim whose reader stands still', async () => {
    const child = start(['flood', '64']);
    await once(stdoutOf(child), 'readable');
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGINT');
    const { signal } = await gone(child, 'exit');
    expect(signal).toBe('SIGINT');
  });

  test('a reader that leaves ends the tool with PIPE and the shim with 141', async () => {
    const { stdout } = await bash('loop pipe | head -c 1 > gone; echo ${PIPESTATUS[0]}');
    expect(stdout.toString().trim()).toBe('141');
    await untilLogged('signal PIPE');
  });

  test('a reader that closes its socket does the same', async () => {
    const child = start(['pipe']);
    await once(stdoutOf(child), 'data');
    child.stdout?.destroy();
    const { signal } = await gone(child, 'exit');
    expect(signal).toBe('SIGPIPE');
  });
});

describe('input', () => {
  test('bytes from a pipe, and from a file, reach the tool unchanged, 8 MiB of them', async () => {
    const bytes = Buffer.alloc(8 * 1_048_576);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    writeFileSync(join(directory, 'input'), bytes);
    await bash('cat input | loop stdin_echo > piped; loop stdin_echo < input > read');
    for (const name of ['piped', 'read'])
      expect(readFileSync(join(directory, name)).equals(bytes)).toBe(true);
    const child = start(['stdin_echo'], ['pipe', 'pipe', 'pipe']);
    child.stdin?.end(bytes);
    expect((await outcome(child)).stdout.equals(bytes)).toBe(true);
  });

  test('a closed, an empty and a directory input are the end of input', async () => {
    const { stdout } = await bash(
      'loop stdin_echo <&-; echo $?; loop stdin_echo </dev/null; echo $?; loop stdin_echo <.; echo $?',
    );
    expect(stdout.toString()).toBe('0\n0\n0\n');
  });

  test.each(['say', 'stdin_ignore'])('an input that never ends does not hold up "%s"', async (word) => {
    const child = start([word, 'x'], ['pipe', 'pipe', 'pipe']);
    const before = performance.now();
    expect(await outcome(child)).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  test('what a call does not read stays in the pipe for the next command', async () => {
    expect((await bash('echo kept | (loop say -; cat)')).stdout.toString()).toBe('-kept\n');
  });

  test('a pipe that was read from is left as blocking as it was', async () => {
    const { stdout } = await bash('sleep 2 | (loop stdin_killed >&2; grep flags /proc/self/fdinfo/0)');
    expect(Number.parseInt(/flags:\s+(\d+)/.exec(stdout.toString())?.[1] ?? '4000', 8) & 0o4000).toBe(0);
  });
});

describe('surroundings', () => {
  test('region and profile are told when asked for; a secret, and what is not known, is not', async () => {
    const env = { AWS_REGION: 'eu-west-1', AWS_SECRET_ACCESS_KEY: 'canary', GH_TOKEN: 'canary' };
    const names = [
      'env.AWS_REGION',
      'env.AWS_PROFILE',
      'env.AWS_SECRET_ACCESS_KEY',
      'env.GH_TOKEN',
      'file.passwd',
    ];
    expect(await facts(names, env)).toEqual({
      'env.AWS_REGION': 'eu-west-1',
      'env.AWS_PROFILE': '',
      'env.AWS_SECRET_ACCESS_KEY': '',
      'env.GH_TOKEN': '',
      'file.passwd': '',
    });
  });

  test('outside a checkout git knows nothing; inside it tells remotes, branch and default repository', async () => {
    const names = [
      'git.remotes',
      'git.branch',
      'git.config.remote.origin.gh-resolved',
      'git.config.user.email',
    ];
    expect(Object.values(await facts(names, {}))).toEqual(['', '', '', '']);
    await bash(
      'git init -q -b topic . && git remote add origin https://github.com/o/r.git && git config remote.origin.gh-resolved base && git config user.email a@b',
    );
    onTestFinished(() => rmSync(join(directory, '.git'), { recursive: true }));
    expect(await facts(names, {})).toEqual({
      'git.remotes': 'origin\thttps://github.com/o/r.git (fetch)\norigin\thttps://github.com/o/r.git (push)',
      'git.branch': 'topic',
      'git.config.remote.origin.gh-resolved': 'base',
      'git.config.user.email': '',
    });
  });

  test('a resolver may ask twice', async () => {
    const { stdout } = await outcome(start(['facts_twice'], undefined, { AWS_REGION: 'r' }));
    expect(JSON.parse(stdout.toString())).toEqual({ 'env.AWS_REGION': 'r', 'git.branch': '' });
  });

  test('a terminal is described, and so is its absence', async () => {
    const { stdout } = await bash('script -qec "stty cols 133 rows 41; loop terminal" /dev/null </dev/null');
    expect(stdout.toString()).toContain('"stdout":true');
    expect(stdout.toString()).toContain('"cols":133,"rows":41');
    expect((await loop('terminal')).stdout.toString()).toContain('"stdout":false');
  });
});

test('a terminal that changes its size while a call runs tells the tool', async () => {
  // The background job waits for the tool's first word, then turns the size of the terminal they share.
  const line = 'mkfifo go; (read word; stty cols 99 rows 33 < /dev/tty; cat) < go & loop resized | tee go';
  const { stdout } = await bash(`script -qec '${line}' /dev/null </dev/null`);
  expect(stdout.toString()).toContain('now 99x33');
});

describe('finding the broker', () => {
  test('a shim elsewhere needs token and socket from the environment', async () => {
    const shim = copyOfShim();
    const socket = join(session.agentDirectory, 'agent.sock');
    expect(await elsewhere(shim, { TURRET_TOKEN: session.token, TURRET_SOCKET: socket })).toMatchObject({
      code: 0,
    });
    const { code, stderr } = await elsewhere(shim);
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /^turret: error: there is no token[^\n]*\nturret: hint: [^\n]*turret run[^\n]*\n$/,
    );
  });

  test('a link to the shim finds the session directory behind the link', async () => {
    const shim = copyOfShim();
    await bash(`ln -sf ${session.shim} ${shim}`);
    expect(await elsewhere(shim)).toMatchObject({ code: 0, stderr: '' });
  });

  test('a token of another broker is not shown to this one', async () => {
    const { formatToken } = await import('../../src/token/token.js');
    const other = formatToken({ kind: 'session', seed: Buffer.alloc(32, 1), sid: Buffer.alloc(10, 2) });
    const { code, stderr } = await elsewhere(session.shim, { TURRET_TOKEN: other });
    expect(code).toBe(125);
    expect(stderr).toContain('is not the broker of this token');
  });

  test('codex’s own sandbox is named together with the setting that opens it', async () => {
    const env = { TURRET_SOCKET: '/nonexistent/agent.sock', CODEX_SANDBOX_NETWORK_DISABLED: '1' };
    const { code, stderr } = await elsewhere(session.shim, env);
    expect(code).toBe(125);
    expect(stderr).toContain('-s workspace-write -c sandbox_workspace_write.network_access=true');
    expect(
      (await elsewhere(session.shim, { TURRET_SOCKET: '/nonexistent/agent.sock' })).stderr,
    ).not.toContain('codex');
  });
});

test('a broker killed in the middle of a call is 125 and a sentence within a second, before a call too', async () => {
  const own = await startBrokerSession();
  onTestFinished(() => own.close());
  const run = (...argv: string[]) =>
    spawn(own.shim, argv, { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] });
  const child = run('signals');
  const ran = outcome(child);
  await until(child, 'ready\n');
  own.broker.kill('SIGKILL');
  const killedAt = performance.now();
  const { code, stderr } = await ran;
  expect(performance.now() - killedAt).toBeLessThan(1_000);
  expect(code).toBe(125);
  expect(stderr).toMatch(
    /^turret: error: the broker of this session cannot be reached[^\n]*\nturret: hint: retrying will not help[^\n]*\n$/,
  );
  const before = performance.now();
  expect(await outcome(run('say', 'x'))).toMatchObject({ code: 125, stdout: Buffer.alloc(0) });
  expect(performance.now() - before).toBeLessThan(1_000);
});

function residentPeak(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
