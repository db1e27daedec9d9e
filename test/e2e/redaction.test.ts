// A repeater's own secret comes out nowhere by accident: not of programs that print it, not of servers that send it back.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from '../../repeaters/sdk/conformance/conversation.js';
import { CHANNEL, FRAME } from '../../src/protocol/codes.js';
import { spellings } from '../../src/protocol/spellings.js';
import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { CANARY_KEY, CANARY_TOKEN, canariesIn, filesWithCanaries } from '../helpers/canary.js';
import { RepeaterBench } from '../helpers/repeater-bench.js';
import { configText, credentialVariables, lastSession, makeHome, startAgent } from '../helpers/turret.js';

const directory = fileURLToPath(new URL('../fixtures/leaky', import.meta.url));
const KEY = 'k/9+key=of the "operator"';
const MARKER = '[redacted by turret]';
let bench: RepeaterBench;
afterEach(() => bench?.stop());

/** Nothing that the repeater ever wrote, to us or to its log, has the key. */
function expectNoKey(): void {
  const written = Buffer.concat(bench.subject.written).toString('latin1');
  expect(
    spellings(KEY)
      .filter((form) => written.includes(form.toString('latin1')))
      .map(String),
  ).toEqual([]);
}

describe('a program of profile exec', () => {
  const NAMES = ['plain', 'stderr', 'split', 'paused', 'base64', 'hex', 'url', 'json', 'prompt', 'proves'];
  const actions = NAMES.map((name) => ({ name, stdin: name === 'prompt' }));
  const open = () =>
    RepeaterBench.start({ profile: 'exec', command: ['./exec.sh'], directory, actions }, { KEY });

  it('has its secret, and everything but the secret comes out', async () => {
    bench = await open();
    const sha256 = createHash('sha256').update(KEY).digest('hex');
    expect((await bench.call('proves')).stdout).toBe(`${sha256}  -\n`);
    expect((await bench.call('plain')).stdout).toBe(`key=${MARKER};\n`);
    const failed = await bench.call('stderr');
    expect(failed.stderr).toBe(`bad key: ${MARKER}\n`);
    expect(failed.end).toEqual({ ok: true, exit: 1, redacted: 1 });
    expect((await bench.call('split')).stdout).toBe(`<${MARKER}>`);
    // A pause in the middle does not let go what came before it: an agent that takes nothing for a while makes one.
    expect((await bench.call('paused')).stdout).toBe(`<${MARKER}>`);
    for (const name of ['base64', 'hex', 'url', 'json'])
      expect((await bench.call(name)).stdout).toContain(MARKER);
    expectNoKey();
  });

  it('that its agent ends in the middle of its secret has said none of it', async () => {
    bench = await open();
    const conversation = new Conversation(bench.subject, 2);
    conversation.call('ops', { action: 'paused', params: {}, stdin: false });
    await conversation.until(() => String(conversation.bytes(CHANNEL.STDOUT)) === '<');
    bench.subject.control(FRAME.SIGNAL, 2, { signal: 'TERM' });
    expect(await conversation.untilEnd()).toMatchObject({ ok: true, redacted: 1 });
    expect(String(conversation.bytes(CHANNEL.STDOUT))).toBe(`<${MARKER}`);
  });

  it('that asks for input is heard at once, even when the last it says begins like its secret', async () => {
    bench = await open();
    const conversation = new Conversation(bench.subject, 2);
    conversation.call('ops', { action: 'prompt', params: {}, stdin: true });
    const said = () => String(conversation.bytes(CHANNEL.STDOUT));
    await conversation.until(() => said() === 'name? ');
    conversation.data(CHANNEL.STDIN, Buffer.from('ada\n'), false);
    await conversation.until(() => said() === 'name? hello adak');
    // It still waits for an answer: nothing but time has let the last letter go.
    expect(conversation.end).toBeUndefined();
  });
});

describe('a line program', () => {
  it('says its secret in no output, no error and no log', async () => {
    bench = await RepeaterBench.start(
      { profile: 'line', command: ['./line.sh'], directory },
      { KEY: KEY.replaceAll('"', '') },
    );
    expect((await bench.call('says')).stdout).toBe(`<${MARKER}>`);
    expect((await bench.call('fails')).end['error']).toMatchObject({
      message: `no access with ${MARKER}`,
      hint: `not ${MARKER}`,
    });
    const log = Buffer.concat(bench.subject.written).toString();
    expect(log).toContain(`using ${MARKER}\n`);
    expect(log).not.toContain(KEY.replaceAll('"', ''));
  });
});

describe('a repeater made with the SDK', () => {
  it('says its secret in no result, no error and no log, not even when it dies of it', async () => {
    bench = await RepeaterBench.start(
      { profile: 'binary', command: [process.execPath, './sdk.mjs'], directory },
      { KEY },
    );
    expect((await bench.call('returns')).end['result']).toEqual({ key: MARKER, list: [`a ${MARKER} b`] });
    expect((await bench.call('refuses')).end['error']).toMatchObject({
      message: `not with ${MARKER}`,
      hint: `try another than ${MARKER}`,
    });
    expect((await bench.call('breaks')).error).toBe('internal');
    await bench.call('logs');
    bench.open('dies');
    await bench.subject.exited;
    await bench.subject.closed;
    const log = Buffer.concat(bench.subject.written).toString();
    for (const said of [
      `broken with ${MARKER}`,
      `key: '${MARKER}'`,
      `on stdout: ${MARKER}`,
      `dying with ${MARKER}`,
    ])
      expect(log).toContain(said);
    expectNoKey();
  });
});

describe('a repeater made with the Python SDK', () => {
  it('looks for the very same spellings', async () => {
    const secrets = [
      KEY,
      CANARY_KEY.sessionToken,
      ' ünï/cödé \u{1f511}"\\<\n>&=+`\u007f ',
      'a b c d e',
      'short',
    ];
    const script =
      'import json, sys, turret; print(json.dumps([sorted(f.hex() for f in turret.spellings(s)) for s in json.loads(sys.argv[1])]))';
    const { stdout } = await promisify(execFile)('python3', ['-c', script, JSON.stringify(secrets)], {
      env: { PATH: '/usr/bin:/bin', PYTHONPATH: 'repeaters/sdk/python', PYTHONDONTWRITEBYTECODE: '1' },
    });
    const own = secrets.map((secret) => new Set(spellings(secret).map((form) => form.toString('hex'))));
    expect((JSON.parse(stdout) as string[][]).map((forms) => new Set(forms))).toEqual(own);
  });

  it('says its secret in no output, no error and no log, and holds nothing for long', async () => {
    bench = await RepeaterBench.start(
      { profile: 'binary', command: ['/usr/bin/python3', '-B', './sdk.py'], directory },
      { KEY },
    );
    const said = await bench.call('says');
    expect(said.stdout).toBe(`<${MARKER}> `);
    expect(said.stderr).toContain(MARKER);
    expect(said.end).toEqual({ ok: true, exit: 0, redacted: 2 });
    // Two bytes went out in the first pause, and are remembered.
    const paused = await bench.call('pauses');
    expect(paused.stdout).toBe(`<${KEY.slice(0, 2)}${MARKER}> ${KEY.slice(0, 9)}`);
    expect(paused.end).toEqual({ ok: true, exit: 0, redacted: 1 });
    expect((await bench.call('refuses')).end['error']).toMatchObject({
      message: `not with ${MARKER}`,
      hint: `try another than ${MARKER}`,
    });
    expect((await bench.call('breaks')).error).toBe('repeater_error');
    const prompt = new Conversation(bench.subject, 100);
    prompt.call('ops', { action: 'prompt', params: {}, stdin: true });
    await prompt.until(() => String(prompt.bytes(CHANNEL.STDOUT)) === `name? ${KEY[0]}`);
    bench.subject.hangUp();
    await bench.subject.exited;
    const log = Buffer.concat(bench.subject.written).toString();
    for (const text of [`debug: ${MARKER}`, `broken with ${MARKER}`]) expect(log).toContain(text);
    expectNoKey();
  });
});

describe('servers that send the key back', () => {
  let aws: FakeAws;
  let github: FakeGithub;
  let home: ReturnType<typeof makeHome>;
  let agent: ReturnType<typeof startAgent>;

  beforeAll(async () => {
    [aws, github] = await Promise.all([
      startFakeAws({ keys: [CANARY_KEY] }),
      startFakeGithub({ tokens: [CANARY_TOKEN] }),
    ]);
    home = makeHome();
    agent = startAgent({
      home,
      config: configText('everything.yaml', { aws: aws.url, gh: github.url }),
      env: credentialVariables(CANARY_KEY, CANARY_TOKEN.token),
    });
  });
  afterAll(async () => {
    await Promise.all([aws.close(), github.close()]);
    home.remove();
  });

  const run = async (...argv: string[]): Promise<string> => {
    const { code, stdout, stderr } = await agent.run(argv);
    expect([argv, code, String(stderr)]).toEqual([argv, 0, '']);
    return String(stdout);
  };

  it('GitHub: the Authorization header, plain, in base64 and in hex', async () => {
    github.faults.echo = 1;
    const echoed = JSON.parse(await run('gh', 'api', 'repos/acme/app')) as Record<string, string>;
    expect(echoed['plain']).toMatch(/^(token|bearer) \[redacted by turret\]$/i);
    for (const form of ['base64', 'hex']) expect(echoed[form]).toContain(MARKER);
    expect(canariesIn(JSON.stringify(echoed))).toEqual([]);
  });

  it('AWS: secret key and session token in an object, on stdout and in a file, whose length stays; the key id stays too', async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = CANARY_KEY;
    const text = `id ${accessKeyId}\nkey ${secretAccessKey}\nquery ${encodeURIComponent(sessionToken)}\n`;
    writeFileSync(path.join(home.workspace, 'keys.txt'), text);
    await run('aws', 's3', 'cp', 'keys.txt', 's3://allowed/keys.txt');
    const stored = aws.state.buckets.get('allowed')?.objects.get('keys.txt')?.file ?? '';
    expect(readFileSync(stored, 'utf8')).toBe(text);
    expect(await run('aws', 's3', 'cp', 's3://allowed/keys.txt', '-')).toBe(
      `id ${accessKeyId}\nkey ${MARKER}\nquery ${MARKER}\n`,
    );
    await run('aws', 's3', 'cp', 's3://allowed/keys.txt', 'back.txt');
    const back = readFileSync(path.join(home.workspace, 'back.txt'), 'utf8');
    expect(back).toMatch(/^id ASIACANARYCANARY0001\nkey \[redacted by turret\]/);
    expect(back).toHaveLength(text.length);
    expect(canariesIn(back)).toEqual([]);
  });

  it('the log counts what was taken out, and no repeater logs it', async () => {
    const { records } = await agent.close();
    expect(records.filter(({ type }) => type === 'call.finished').map(({ redacted }) => redacted)).toEqual([
      3,
      undefined,
      2,
      2,
    ]);
    const session = lastSession(home) ?? '';
    expect(readdirSync(session)).toContain('repeater-gh.log');
    expect(filesWithCanaries(session)).toEqual([]);
  });
});
