// Profile exec: what a program of one's own is given, what comes back, and what is left of it.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANNEL, FRAME } from '../../src/protocol/codes.js';
import { RepeaterBench, outcomeOf } from '../helpers/repeater-bench.js';

const directory = fileURLToPath(new URL('../fixtures/exec-programs', import.meta.url));
const NAMES = ['environment', 'arguments', 'params', 'secrets', 'dies', 'traps', 'leaves', 'waits', 'fails'];
const SECRET = 'the key of the operator';
let bench: RepeaterBench;

beforeAll(async () => {
  const actions = [
    ...NAMES.map((name) => ({ name })),
    { name: 'input', stdin: true },
    { name: 'own', run: ['./probe.sh', 'with', 'words', 'arguments'] },
    { name: 'gone', run: ['./not-there'] },
  ];
  bench = await RepeaterBench.start(
    { profile: 'exec', command: ['./probe.sh', 'first'], directory, actions },
    { KEY: SECRET },
  );
});
afterAll(() => bench.stop());

/** Whether a process is alive; a zombie is not. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function dead(pid: number): Promise<void> {
  while (alive(pid)) await sleep(10);
}

describe('a program of profile exec', () => {
  it('has an environment of three variables, and runs where its manifest is', async () => {
    const { stdout } = await bench.call('environment');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => !/^(PWD|SHLVL|OLDPWD)=/.test(line));
    expect(lines).toEqual([
      `HOME=${bench.home}`,
      'LC_ALL=C.UTF-8',
      'PATH=/usr/local/bin:/usr/bin:/bin',
      directory,
    ]);
  });

  it('is told the action as its last word, and an action may have a program of its own', async () => {
    expect((await bench.call('arguments')).stdout).toBe('first\narguments\n');
    expect((await bench.call('own', { service: 'web' })).stdout).toBe('with\nwords\narguments\n');
  });

  it('gets params and secrets as JSON, apart from each other and from its arguments', async () => {
    expect(
      JSON.parse(
        (await bench.call('params', { service: 'web; rm -rf /', n: 3, on: true, list: ['a', 'b'] })).stdout,
      ),
    ).toEqual({
      service: 'web; rm -rf /',
      n: 3,
      on: true,
      list: ['a', 'b'],
    });
    // Turned round by the program: as it is, it would be redacted.
    expect(JSON.parse((await bench.call('secrets')).stdout)).toEqual({ KEY: 'gur xrl bs gur bcrengbe' });
    for (const action of ['environment', 'arguments', 'params']) {
      const { stdout, stderr } = await bench.call(action);
      expect(stdout + stderr).not.toContain(SECRET);
    }
  });

  it('gets input when the action reads it, and none when it does not', async () => {
    expect(await bench.call('input', {}, 'from the caller')).toMatchObject({
      stdout: 'from the caller',
      stderr: 'end\n',
    });
    expect(await bench.call('input')).toMatchObject({ stdout: '', stderr: 'end\n', end: { exit: 0 } });
  });

  it('ends the call with its exit code, or the signal that ended it', async () => {
    expect((await bench.call('fails')).end).toEqual({ ok: true, exit: 42 });
    expect((await bench.call('dies')).end).toEqual({ ok: true, exit: 143, signal: 'TERM' });
  });

  it('is sent the signals of its caller', async () => {
    const conversation = bench.open('traps');
    await conversation.until(() => conversation.bytes(CHANNEL.STDOUT).length > 0);
    bench.subject.control(FRAME.SIGNAL, conversation.stream, { signal: 'INT' });
    expect(await outcomeOf(conversation)).toMatchObject({
      end: { ok: true, exit: 7 },
      stdout: 'ready\ninterrupted\n',
    });
  });

  it('is killed with all it started when the call is cancelled', async () => {
    const conversation = bench.open('waits');
    await conversation.until(() => conversation.bytes(CHANNEL.STDOUT).length > 0);
    const pid = Number(conversation.bytes(CHANNEL.STDOUT).toString());
    expect(alive(pid)).toBe(true);
    bench.subject.control(FRAME.CANCEL, conversation.stream, { reason: 'test' });
    expect((await outcomeOf(conversation)).error).toBe('cancelled');
    await dead(pid);
  });

  it('leaves nothing running behind', async () => {
    const { stdout, end } = await bench.call('leaves');
    expect(end).toEqual({ ok: true, exit: 0 });
    await dead(Number(stdout));
  });

  it('is killed with all it started when the repeater itself is killed', async () => {
    const doomed = await RepeaterBench.start({
      profile: 'exec',
      command: ['./probe.sh'],
      directory,
      actions: [{ name: 'leaves' }, { name: 'waits' }],
    });
    await doomed.call('leaves');
    const conversation = doomed.open('waits');
    await conversation.until(() => conversation.bytes(CHANNEL.STDOUT).length > 0);
    const pid = Number(conversation.bytes(CHANNEL.STDOUT).toString());
    expect(alive(pid)).toBe(true);
    // SIGKILL to it and its group: nothing in it gets to run again.
    await doomed.stop();
    await dead(pid);
  });

  it('that is not there is an error of the call, not of the repeater', async () => {
    const gone = await bench.call('gone');
    expect([gone.end['ok'] === false || gone.end['exit'] === 127, gone.stdout]).toEqual([true, '']);
    expect((await bench.call('fails')).end).toEqual({ ok: true, exit: 42 });
  });

  it('performs 16 calls at once without mixing them up', async () => {
    const calls = Array.from({ length: 16 }, (_, index) => bench.open('params', { index }));
    for (const [index, call] of calls.entries())
      expect(JSON.parse((await outcomeOf(call)).stdout)).toEqual({ index });
  });
});
