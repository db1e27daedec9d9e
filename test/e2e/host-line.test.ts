// Profile line: a program that breaks the rules ends, the call it broke them in fails, and the next call is served.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHANNEL, FRAME } from '../../src/protocol/codes.js';
import { RepeaterBench, outcomeOf } from '../helpers/repeater-bench.js';

const directory = fileURLToPath(new URL('../fixtures/line-programs', import.meta.url));
let bench: RepeaterBench;

beforeEach(async () => {
  bench = await RepeaterBench.start({ profile: 'line', command: ['./odd.sh'], directory });
});
afterEach(() => bench.stop());

async function pid(): Promise<string> {
  const { stdout, end } = await bench.call('honest');
  expect(end).toEqual({ ok: true, exit: 0 });
  return stdout;
}

describe('a line program', () => {
  it('registers its actions, stays for many calls, and may say what nobody knows', async () => {
    expect((bench.subject.register['actions'] as unknown[]).length).toBe(11);
    const first = await pid();
    expect((await bench.call('grease')).end).toEqual({ ok: true, exit: 0 });
    expect(await pid()).toBe(first);
  });

  it.each(['too_long', 'no_json', 'other_call', 'after_fin', 'unknown_message', 'unknown_channel', 'dies'])(
    'that does what it must not (%s) fails that call and is started again for the next',
    async (action) => {
      const first = await pid();
      expect((await bench.call(action)).error).toBe('repeater_crashed');
      const second = await pid();
      expect(second).not.toBe(first);
      expect(Number(second)).toBeGreaterThan(0);
    },
  );

  it('that ends a call without an exit code fails it', async () => {
    expect((await bench.call('no_exit')).error).toBe('repeater_error');
    await pid();
  });

  it('that does not hear a CANCEL is killed within the grace, and the next call waits for no more than that', async () => {
    const first = await pid();
    const conversation = bench.open('deaf');
    await conversation.until(() => conversation.bytes(CHANNEL.STDOUT).length > 0);
    const waiting = bench.open('honest');
    bench.subject.control(FRAME.CANCEL, conversation.stream, { reason: 'test' });
    expect((await outcomeOf(conversation)).error).toBe('cancelled');
    expect((await outcomeOf(waiting)).stdout).not.toBe(first);
  });

  it('serves one call at a time; one that is cancelled while it waits never starts', async () => {
    const running = bench.open('deaf');
    await running.until(() => running.bytes(CHANNEL.STDOUT).length > 0);
    const waiting = bench.open('deaf');
    bench.subject.control(FRAME.CANCEL, waiting.stream, { reason: 'test' });
    expect(await outcomeOf(waiting)).toMatchObject({ error: 'cancelled', stdout: '' });
    bench.subject.control(FRAME.CANCEL, running.stream, { reason: 'test' });
    expect((await outcomeOf(running)).error).toBe('cancelled');
  });

  it('that registers other actions when it is started again is not used', async () => {
    expect((await bench.call('dies')).error).toBe('repeater_crashed');
    writeFileSync(join(bench.home, 'other-actions'), '');
    for (let call = 0; call < 2; call += 1) expect((await bench.call('honest')).error).toBe('repeater_error');
    expect((await bench.call('something_new')).error).toBe('no_such_action');
  });

  it('that does not begin with REGISTER is no repeater', async () => {
    await expect(
      RepeaterBench.start({ profile: 'line', command: ['./silent.sh'], directory }),
    ).rejects.toThrow('closed fd 3');
  });
});
