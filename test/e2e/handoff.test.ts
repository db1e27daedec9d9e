// Output that does not pass repeater and broker: the same bytes and ends for whoever reads it, for nobody else, counted, and
// gone with its call.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { nativeProgram } from '../../src/installation.js';
import { CHANNEL, FRAME } from '../../src/protocol/codes.js';
import { parseControl } from '../../src/protocol/json.js';
import { parseHandoff } from '../../src/protocol/parse.js';
import { descendants, stillRunning, until } from '../helpers/processes.js';
import { RawClient } from '../helpers/raw-client.js';
import { type TestAgent, type TestHome, lastRecords, makeHome, startAgent } from '../helpers/turret.js';

const ACTIONS = [
  { name: 'bytes', params: { type: 'object', properties: { mib: { type: 'integer' } }, required: ['mib'] } },
  { name: 'echoes', stdin: true },
  ...['secret', 'seven', 'killed', 'leaves', 'endless', 'waits', 'passes_descriptor', 'finds'].map(
    (name) => ({
      name,
    }),
  ),
].map((action) => ({ ...action, annotations: { readOnly: true, destructive: false } }));
const KEY = 'the-key-that-tell-holds-0123456789';

interface Options {
  /** More of the repeater, and of the rule. */
  repeater?: string;
  rule?: string;
  options?: string[];
  isolation?: 'none';
  /** Another repeater like the first. */
  more?: string;
}

function start(
  home: TestHome,
  { repeater = '', rule = '', options = [], isolation, more }: Options,
): TestAgent {
  cpSync('test/fixtures/handoff', path.join(home.directory, 'tools'), { recursive: true });
  const block = (name: string): string => `  ${name}:
    command: [${path.join(home.directory, 'tools/tell.py')}]
    profile: exec
    tools: [${name}]
    secrets: [TELL_KEY]
    actions: ${JSON.stringify(ACTIONS)}
${repeater}`;
  return startAgent({
    home,
    env: { TELL_KEY: KEY },
    ...(isolation === undefined ? {} : { isolation }),
    options,
    config: `version: 1
extends: []
repeaters:
${block('tell')}
${more === undefined ? '' : block(more)}
rules: [{ id: all, allow: ['tell.**', '${more ?? 'tell'}.**']${rule} }]
`,
  });
}

const finished = (home: TestHome): unknown =>
  lastRecords(home).findLast(({ type }) => type === 'call.finished');
const pumps = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'pump\n';
    } catch {
      return false; // It has ended.
    }
  });
const MIB = 1_048_576;

describe.each<[string, Options]>([
  ['namespaced', {}],
  ['strict', { options: ['--isolation=strict'] }],
  ['none, and no sandbox of the repeater', { isolation: 'none', repeater: '    sandbox: off\n' }],
])('at %s', (_level, { repeater = '', ...options }) => {
  let home: TestHome;
  let agent: TestAgent;
  beforeAll(() => {
    home = makeHome();
    agent = start(home, { ...options, repeater: `    redact: off\n${repeater}` });
  });
  afterAll(async () => {
    await agent.close();
    home.remove();
  });

  it('is byte for byte what the program printed, and counted', async () => {
    const { code, stdout } = await agent.run(['tell', 'bytes', '--mib', '8']);
    expect(code).toBe(0);
    expect(stdout.length).toBe(8 * MIB);
    expect(stdout.equals(Buffer.alloc(8 * MIB, '0123456789abcdef'))).toBe(true);
    expect(finished(home)).toMatchObject({ outcome: 'done', exit: 0, out: 8 * MIB, handoff: true });
  });

  it.each([
    ['a pipe', 'tell bytes --mib 5 | cat > out', 0],
    ['a file', 'tell bytes --mib 5 > out', 0],
    ['a file that is added to', 'rm -f out; tell bytes --mib 5 >> out', 0],
    ['a slow reader', 'tell bytes --mib 5 | (sleep 0.3; cat) > out', 0],
    [
      'a socket',
      `python3 -c "
import socket, subprocess
here, there = socket.socketpair()
program = subprocess.Popen(['tell', 'bytes', '--mib', '5'], stdout=there)
there.close()
with open('out', 'wb') as out:
    while chunk := here.recv(1000): out.write(chunk)
raise SystemExit(program.wait())"`,
      0,
    ],
    ['a terminal', "script -qec 'tell bytes --mib 5' /dev/null > out", 0],
  ])('reaches %s', async (_name, words, code) => {
    const ran = await agent.run(['bash', '-o', 'pipefail', '-c', words]);
    expect([ran.code, ran.stderr.toString()]).toEqual([code, '']);
    const out = readFileSync(path.join(home.workspace, 'out'));
    expect(out.equals(Buffer.alloc(5 * MIB, '0123456789abcdef'))).toBe(true);
  });

  it('ends as the program ends', async () => {
    expect(await agent.run(['tell', 'seven'])).toMatchObject({ code: 7, stdout: Buffer.from('before\n') });
    const shell = await agent.run(['bash', '-c', 'tell killed; echo $?']);
    expect(shell.stdout.toString()).toBe('before\n143\n');
  });

  it('does not wait for what the program left behind', async () => {
    expect(await agent.run(['tell', 'leaves'])).toMatchObject({ code: 0, stdout: Buffer.from('done\n') });
  });

  it('leaves input and errors as they are: in frames, and looked through', async () => {
    const input = Buffer.alloc(3 * MIB, 'in and out\n');
    const echoed = await agent.run(['tell', 'echoes'], { stdin: input });
    expect(echoed.stdout.equals(input)).toBe(true);
    const { stdout, stderr } = await agent.run(['tell', 'secret']);
    expect(stdout.toString()).toBe(`the key is ${KEY}\n`);
    expect(stderr.toString()).toBe('the key is [redacted by turret]\n');
  });

  it('ends a program whose reader has had enough', async () => {
    const ran = await agent.run([
      'bash',
      '-c',
      'tell endless | head -c 100000 | wc -c; echo ${PIPESTATUS[0]}',
    ]);
    expect(ran.stdout.toString()).toBe('100000\n141\n');
    expect(pumps()).toEqual([]);
  });

  it('says so when the disk is full', async () => {
    const ran = await agent.run(['bash', '-c', 'tell bytes --mib 8 > /dev/full']);
    expect([ran.code, ran.stderr.toString()]).toEqual([125, expect.stringContaining('no space left')]);
    expect(pumps()).toEqual([]);
  });

  it('carries no descriptor', async () => {
    const ran = await agent.run([
      'python3',
      '-c',
      `import socket, subprocess
here, there = socket.socketpair()
program = subprocess.Popen(['tell', 'passes_descriptor'], stdout=there)
there.close()
print(here.recvmsg(100, 1000)[:2])`,
    ]);
    expect(ran.stdout.toString()).toBe("(b'with a descriptor\\n', [])\n");
  });

  it('leaves no socket', () => {
    const left = readdirSync(streamsOf(home), { recursive: true }) as string[];
    expect(left).toEqual([expect.stringMatching(/^[\w-]{8}$/)]);
  });
});

/** Where the sockets of the only session of this machine's user are that has this home. */
function streamsOf(home: TestHome): string {
  const [sid] = lastRecords(home).map(({ sid: of }) => of as string);
  const roots = [`/run/user/${process.getuid?.()}/turret`, `/tmp/turret-${process.getuid?.()}`];
  const root = roots.find((directory) => {
    try {
      return readdirSync(directory).includes(sid ?? '');
    } catch {
      return false;
    }
  });
  return path.join(root ?? '/nowhere', sid ?? '', 'agent/streams');
}

it('is that of a tool that a manifest declares, too', async () => {
  const home = makeHome();
  writeFileSync(
    path.join(home.directory, 'greet.yaml'),
    `profile: cli
command: [/usr/bin/echo]
tools: [greet]
actions:
  - {name: hello, words: [hello], annotations: {readOnly: true, destructive: false}, positions: [{param: who, type: name, required: true}]}
`,
  );
  const agent = startAgent({
    home,
    env: {},
    config: `version: 1
extends: []
repeaters: { greet: { manifest: greet.yaml, redact: off, sandbox: required } }
rules: [{ id: all, allow: ['greet.**'] }]
`,
  });
  const ran = await agent.run(['greet', 'hello', 'world']);
  expect([ran.stderr.toString(), ran.stdout.toString()]).toEqual(['', 'hello world\n']);
  expect(finished(home)).toMatchObject({ outcome: 'done', out: 12, handoff: true });
  await agent.close();
  home.remove();
});

describe('stays in frames', () => {
  // Nobody else can start one.
  const asAnother: [string, Options, string] = [
    'of a repeater that runs as another user',
    { repeater: '    redact: off\n    user: nobody\n    sandbox: off\n' },
    `the key is ${KEY}\n`,
  ];
  it.each<[string, Options, string]>([
    ...(process.getuid?.() === 0 ? [asAnother] : []),
    [
      'where an agent has no socket',
      { repeater: '    redact: off\n', options: ['--isolation=landlock'] },
      `the key is ${KEY}\n`,
    ],
    ['where it is looked through', {}, 'the key is [redacted by turret]\n'],
    [
      'where a budget counts it',
      { repeater: '    redact: off\n', rule: ', limit: { bytes_out: 1KB/session }' },
      `the key is ${KEY}\n`,
    ],
  ])('%s', async (_name, options, printed) => {
    const home = makeHome();
    // Another user has to come by.
    spawnSync('chmod', ['o+rx', home.directory]);
    const agent = start(home, options);
    const ran = await agent.run(['tell', 'secret']);
    expect([ran.stderr.toString(), ran.stdout.toString()]).toEqual([
      expect.stringContaining('the key is'),
      printed,
    ]);
    expect(finished(home)).not.toHaveProperty('handoff');
    await agent.close();
    home.remove();
  });
});

describe('its socket', () => {
  let home: TestHome;
  let agent: TestAgent;
  let counter = 0n;
  const begin = async (): Promise<void> => {
    home = makeHome();
    agent = start(home, { repeater: '    redact: off\n    sandbox: off\n', isolation: 'none' });
    await agent.run(['true']);
  };
  const end = async (): Promise<void> => {
    await agent.close();
    home.remove();
  };
  const restart = (): Promise<void> => end().then(begin);
  beforeAll(begin);
  afterAll(end);

  /** An agent that speaks TRT/1 itself asks, and is told where its output is. */
  async function ask(action: string): Promise<{ client: RawClient; where: string; ticket: Buffer }> {
    const directory = path.dirname(streamsOf(home));
    const client = new RawClient(path.join(directory, 'agent.sock'));
    await client.greet(readFileSync(path.join(directory, 'token'), 'utf8'));
    counter += 1n;
    client.call(1, counter, { action: `tell.${action}`, params: {}, handoff: true });
    for (;;) {
      const told = client.frames.filter(({ type }) => type === FRAME.STATUS);
      const status = told
        .map(({ payload }) => parseControl(payload))
        .find(({ state }) => state === 'handoff');
      if (status !== undefined) {
        const { name, ticket } = parseHandoff(status);
        return { client, where: path.join(streamsOf(home), name), ticket: Buffer.from(ticket, 'base64url') };
      }
      await sleep(5);
    }
  }

  function revoke(...options: string[]): void {
    const sid = path.basename(path.resolve(streamsOf(home), '../..'));
    const revoked = spawnSync(process.execPath, ['bin/turret.js', 'revoke', sid, ...options], {
      env: { HOME: home.directory, PATH: '/usr/bin:/bin' },
    });
    expect(revoked.status).toBe(0);
  }

  function listen(where: string, say: Uint8Array): { socket: Socket; said: Promise<string> } {
    const socket = connect(where);
    socket.on('error', () => {});
    socket.write(say);
    const said = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
      socket.once('close', () => resolve(text));
    });
    return { socket, said };
  }

  it('gives nothing to whoever has not its ticket, and all to who has', async () => {
    const { client, where, ticket } = await ask('seven');
    // More than are waited for, and none of them says a word.
    const silent = Array.from({ length: 40 }, () => connect(where).on('error', () => {}));
    await sleep(50);
    const wrong = Buffer.from(ticket);
    wrong[31] = (wrong[31] ?? 0) ^ 1;
    expect(await listen(where, wrong).said).toBe('');
    expect(await listen(where, Buffer.alloc(32)).said).toBe('');
    expect(await listen(where, ticket).said).toBe('before\n');
    for (const socket of silent) socket.destroy();
    expect(await client.json(FRAME.END)).toMatchObject({ ok: true, exit: 7 });
    // No output came in frames.
    const data = client.frames.filter(
      ({ type, channel }) => type === FRAME.DATA && channel === CHANNEL.STDOUT,
    );
    expect(data.every(({ payload }) => payload.length === 0)).toBe(true);
    client.socket.destroy();
  });

  it('is out of reach for the program of another repeater', async () => {
    await end();
    home = makeHome();
    agent = start(home, {
      repeater: '    redact: off\n    sandbox: required\n',
      more: 'other',
      isolation: 'none',
    });
    await agent.run(['true']);
    const { client, where } = await ask('waits');
    // Its own could be taken away and replaced by one of the program's.
    expect((await agent.run(['tell', 'finds'])).stdout.toString()).toContain(where);
    const { code, stdout } = await agent.run(['other', 'finds']);
    expect(code).toBe(0);
    expect(stdout.toString()).not.toContain(path.basename(where));
    expect(stdout.toString()).not.toContain(path.basename(path.dirname(where)));
    client.socket.destroy();
    await restart();
  });

  const kid = (): string =>
    lastRecords(home).find(({ type, kind }) => type === 'token.issued' && kind === 'session')?.[
      'kid'
    ] as string;

  it.each<[string, () => string[]]>([
    ['token is revoked', () => []],
    ['token is revoked by its name', () => ['--token', kid()]],
  ])('is of no use to what a program left behind, once the %s', async (_how, options) => {
    await end();
    home = makeHome();
    agent = start(home, { repeater: '    redact: off\n    sandbox: required\n', isolation: 'none' });
    expect((await agent.run(['tell', 'leaves'])).code).toBe(0);
    const left = await until('it is left', () =>
      descendants(process.pid).find(({ command }) => command === '/usr/bin/sleep 60'),
    );
    revoke(...options());
    await until('it has ended', () => stillRunning([left]).length === 0);
    await restart();
  });

  it('is good for one connection', async () => {
    const { client, where, ticket } = await ask('waits');
    const { socket } = listen(where, ticket);
    await new Promise((resolve) => socket.once('data', resolve));
    expect(await listen(where, ticket).said).toBe('');
    client.socket.destroy();
  });

  // With their program, which may have done all it was to do by then.
  it.each(['stays away', 'comes, and what passes it on is killed'])(
    'is no failure in the log when its caller %s',
    async (how) => {
      const { client, where, ticket } = await ask(how === 'stays away' ? 'seven' : 'waits');
      if (how !== 'stays away') {
        const { socket } = listen(where, ticket);
        await new Promise((resolve) => socket.once('data', resolve));
        process.kill(Number(pumps()[0]), 'SIGKILL');
      }
      const name = how === 'stays away' ? 'cancelled' : 'repeater_crashed';
      expect(await client.json(FRAME.END)).toMatchObject({ ok: false, error: { name } });
      expect(finished(home)).toMatchObject({ outcome: 'unknown', error: name, handoff: true });
      client.socket.destroy();
    },
  );

  it('is gone when its repeater is killed, also before anybody came', async () => {
    const { client } = await ask('waits');
    const [pump = ''] = pumps();
    const [, repeater = ''] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pump}/status`, 'utf8')) ?? [];
    process.kill(Number(repeater), 'SIGKILL');
    expect(await client.json(FRAME.END)).toMatchObject({ error: { name: 'repeater_crashed' } });
    // Long before it gives up by itself.
    for (let tries = 0; pumps().length > 0 && tries < 300; tries += 1) await sleep(10);
    expect(pumps()).toEqual([]);
    client.socket.destroy();
  });

  it.each(['reads', 'stands still'])('is cut with its token, when its reader %s', async (how) => {
    await restart();
    const { client, where, ticket } = await ask('endless');
    const { socket } = listen(where, ticket);
    await new Promise((resolve) => socket.once('data', resolve));
    if (how === 'stands still') socket.pause();
    const ended = new Promise((resolve) => socket.once('close', resolve));
    revoke();
    expect(await client.frame(FRAME.RESET)).toBeDefined();
    while (pumps().length > 0) await sleep(10);
    socket.resume();
    await ended;
    expect(finished(home)).toMatchObject({ outcome: 'unknown', handoff: true });
  });
});

describe('what passes it on', () => {
  /** Alone, with what a program printed; who comes shows this ticket. */
  async function pump(
    printed: number,
    most: number,
    come: boolean,
  ): Promise<[number | null, string, number]> {
    const directory = mkdtempSync('/tmp/pump-');
    const where = path.join(directory, 'here');
    const child = spawn(nativeProgram('pump') ?? '', [where, String(most), '300'], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    const control = child.stdio[3] as Socket;
    const ticket = Buffer.alloc(32, 7);
    let said = '';
    let got = 0;
    control.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said !== 'listening\n' || !come) return;
      const socket = connect(where, () => socket.write(ticket));
      socket.on('data', (bytes2: Buffer) => (got += bytes2.length));
    });
    control.write(ticket);
    child.stdin?.on('error', () => {}).end(Buffer.alloc(printed, 'x'));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    await sleep(10);
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
    return [code, said, got];
  }

  it('ends at its bound, to the byte', async () => {
    expect(await pump(300_000, 100_001, true)).toEqual([3, 'listening\n100001\n', 100_001]);
    expect(await pump(100_001, 100_001, true)).toEqual([0, 'listening\n100001\n', 100_001]);
  });

  it('waits for nobody for ever', async () => {
    expect(await pump(10, 100, false)).toEqual([4, 'listening\n', 0]);
  });
});
