// A program of a call: what is passed on, what it dies of, and what is left of it.

import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../../repeaters/sdk/cli-process.js';
import type { RunResult } from '../../../repeaters/sdk/types.js';
import type { SignalName } from '../../../src/protocol/codes.js';
import { ORPHAN_OUTPUT_MS } from '../../../src/protocol/limits.js';
import { processes, until } from '../../helpers/processes.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'turret-cli-'));
});
afterEach(() => rm(directory, { recursive: true }));

interface Started {
  stdout: PassThrough;
  stderr: PassThrough;
  abort: AbortController;
  signal: (name: SignalName) => void;
  ended: Promise<RunResult>;
}

function start(script: string, { stdin, handed }: { stdin?: Readable; handed?: object[] } = {}): Started {
  const [stdout, stderr, abort] = [new PassThrough(), new PassThrough(), new AbortController()];
  let signal: (name: SignalName) => void = () => {};
  const ended = runCli(
    {
      needs: { stdin: stdin !== undefined, files: [] },
      signal: abort.signal,
      stdin: stdin ?? Readable.from([]),
      stdout,
      stderr,
      onSignal: (listener) => {
        signal = listener;
      },
    },
    {
      path: '/bin/sh',
      argv: ['-c', script],
      cwd: directory,
      env: { PATH: '/usr/bin:/bin' },
      ...(handed ? { handed } : {}),
    },
  ).finally(() => {
    stdout.end();
    stderr.end();
  });
  ended.catch(() => {}); // Looked at later.
  return { stdout, stderr, abort, ended, signal: (name) => signal(name) };
}

async function outcome({ stdout, stderr, ended }: Started) {
  const [out, err, result] = await Promise.all([buffer(stdout), buffer(stderr), ended]);
  return { ...result, stdout: out.toString(), stderr: err.toString() };
}

/** Waits for a line the script prints, without taking it away from later readers. */
const said = (stdout: PassThrough, word: string): Promise<true | string> =>
  until(word, () => stdout.readableLength > 0 && (stdout.read() as Buffer).toString().includes(word));
const running = (command: string): number =>
  processes().filter((one) => one.command.includes(command)).length;
/** A duration nobody else sleeps for. */
const seconds = (): string => String(randomInt(1_000_000, 9_000_000));

describe('a program of a call', () => {
  it('has its own streams, directory and environment, and no right to gain more', async () => {
    const script =
      'cat; pwd; env | grep -v "^PWD\\|^_\\|^SHLVL\\|^OLDPWD"; grep NoNewPrivs /proc/self/status; echo e >&2; exit 42';
    expect(await outcome(start(script, { stdin: Readable.from([Buffer.from('in\n')]) }))).toEqual({
      exit: 42,
      stdout: `in\n${directory}\nPATH=/usr/bin:/bin\nNoNewPrivs:\t1\n`,
      stderr: 'e\n',
    });
  });

  it('has no input unless the call needs it', async () => {
    expect(await outcome(start('readlink /proc/self/fd/0'))).toMatchObject({ stdout: '/dev/null\n' });
  });

  it('finds values that are handed to it on descriptors behind the standard ones', async () => {
    const handed = [{ a: 1 }, { b: 'two' }];
    expect(await outcome(start('cat <&3; cat <&4', { handed }))).toMatchObject({
      stdout: '{"a":1}\n{"b":"two"}\n',
    });
    expect(await outcome(start('exit 3', { handed }))).toMatchObject({ exit: 3 });
  });

  it('ends although its input never does, and although it reads none of it', async () => {
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(65_536));
      },
    });
    expect(await outcome(start('head -c 3 | wc -c', { stdin: endless }))).toMatchObject({
      exit: 0,
      stdout: '3\n',
    });
    expect(await outcome(start('exit 5', { stdin: new PassThrough() }))).toMatchObject({ exit: 5 });
  });

  it('waits for a slow reader, who gets every byte, also those that come after its end', async () => {
    const one = start('head -c 3000000 /dev/zero; echo done >&2');
    await until('back-pressure', () => one.stdout.writableLength > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(one.stderr.readableLength).toBe(0);
    expect((await outcome(one)).stdout).toHaveLength(3_000_000);

    // All of it fits into the pipe: the program is gone before anybody reads.
    const other = start('head -c 150000 /dev/zero');
    await until('the end of the program', () => running('head -c 150000') === 0);
    await sleep(ORPHAN_OUTPUT_MS * 5);
    expect((await outcome(other)).stdout).toHaveLength(150_000);
  });

  it('dies of SIGPIPE at its next write when the reader is gone, and not before', async () => {
    const one = start(
      // Small writes: one that nobody has read when the reader goes ends as a reset connection, the next one then of SIGPIPE.
      'trap "echo heard > heard" USR1; echo ready; while :; do [ -e heard ] && echo more; sleep 0.02; done',
    );
    await said(one.stdout, 'ready');
    one.stdout.destroy();
    one.signal('USR1');
    expect(await one.ended).toEqual({ exit: 141, signal: 'PIPE' });
    expect(await readFile(join(directory, 'heard'), 'utf8')).toBe('heard\n');
  });

  it('ends with the signal that is forwarded to it and to what it started, or as it likes', async () => {
    const time = seconds();
    const dies = start(`echo ready; sleep ${time}`);
    await said(dies.stdout, 'ready');
    await until('sleep', () => running(`sleep ${time}`) > 0);
    dies.signal('TERM');
    expect(await dies.ended).toEqual({ exit: 143, signal: 'TERM' });
    await until('the end of sleep', () => running(`sleep ${time}`) === 0);
    const traps = start('trap "exit 7" INT; echo ready; while :; do sleep 0.02; done');
    await said(traps.stdout, 'ready');
    traps.signal('INT');
    expect(await traps.ended).toEqual({ exit: 7 });
  });

  it('is killed with all it started when the call is cancelled, and not started when it was already', async () => {
    const time = seconds();
    const call = start(`trap "" TERM INT; sleep ${time} & wait`);
    await until('sleep', () => running(`sleep ${time}`) > 0);
    call.abort.abort();
    await expect(call.ended).rejects.toMatchObject({ code: 'cancelled' });
    await until('the end of sleep', () => running(`sleep ${time}`) === 0);

    const signal = AbortSignal.abort();
    const none = { needs: { stdin: false, files: [] }, signal, stdin: Readable.from([]), onSignal: () => {} };
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
    await expect(
      runCli(
        { ...none, ...streams },
        { path: '/bin/sh', argv: ['-c', 'echo > made'], cwd: directory, env: {} },
      ),
    ).rejects.toMatchObject({ code: 'cancelled' });
    await expect(readFile(join(directory, 'made'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves nothing of its group behind, and what is left does not keep the call', async () => {
    const time = seconds();
    expect(await outcome(start(`sleep ${time} & echo end`))).toMatchObject({ exit: 0, stdout: 'end\n' });
    await until('the end of sleep', () => running(`sleep ${time}`) === 0);
  });

  it('does not keep the call by a program that left its group, and loses nothing of its own output', async () => {
    const time = seconds();
    const call = start(`setsid sleep ${time} & head -c 150000 /dev/zero; echo end`);
    const { stdout, exit } = await outcome(call);
    expect([exit, stdout.length, stdout.endsWith('end\n')]).toEqual([0, 150_004, true]);
    const [left] = processes().filter(({ command }) => command.includes(`sleep ${time}`));
    if (left) process.kill(left.pid, 'SIGKILL');
  });

  it('that cannot be started is an error of the repeater', async () => {
    const run = {
      needs: { stdin: true, files: [] },
      signal: new AbortController().signal,
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      onSignal: () => {},
    };
    const program = { path: '/bin/sh', argv: ['-c', ':'], cwd: directory, env: {} };
    const error = { code: 'repeater_error', message: '"sh" could not be started' };
    await expect(runCli(run, { ...program, cwd: join(directory, 'missing') })).rejects.toMatchObject(error);
    await expect(runCli(run, { ...program, argv: ['x'.repeat(3_000_000)] })).rejects.toMatchObject(error);
  });
});
