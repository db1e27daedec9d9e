// The sandbox that waits for a call, over the life of its repeater: used once, by one call, and done without when it is
// lost. That it is as tight as any other is tested where the others are (cli-sandbox.test.ts).

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { attend } from '../../repeaters/sdk/running-program.js';
import { openAwaitCall } from '../../repeaters/sdk/sandbox/await-call.js';
import { type PreparedCli, prepareCli } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import { Standby, type Taken } from '../../repeaters/sdk/sandbox/standby.js';
import type { WaitingRequest } from '../../repeaters/sdk/sandbox/waiting-sandbox.js';
import type { RunResult } from '../../repeaters/sdk/types.js';
import { CLI_REQUEST_BYTES_MAX, CLI_STANDBY_FAILURES_MAX } from '../../src/protocol/limits.js';
import { type Process, descendants, stillRunning, until } from '../helpers/processes.js';

const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

interface Place {
  root: string;
  remove(): Promise<void>;
}

let directory: string;
let program: string;
let cli: PreparedCli;
let said: string[];
let removable: boolean;
let made: number;
/** What the sandboxes are to show besides. */
let confine: (place: Place) => ReturnType<PreparedCli['confine']>;
let standby: Standby<Place>;
let taken: Taken<Place>[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'turret-standby-'));
  mkdirSync(join(directory, 'calls'));
  program = join(directory, 'hostile');
  copyFileSync(join(import.meta.dirname, '../fixtures/hostile-cli.py'), program);
  const kind = { tool: 'hostile', product: 'it', version: /hostile\/(\S+)/, env: {}, ownExits: [] };
  const search = { configured: program, path: undefined };
  cli = await prepareCli({ ...kind, injector: 'unix' }, search, 'required');
  [said, made, taken, removable] = [[], 0, [], true];
  confine = ({ root }) => cli.confine({ place: root });
  standby = new Standby<Place>({
    program: openAwaitCall() ?? -1,
    makePlace: async () => {
      made += 1;
      const root = await mkdtemp(join(directory, 'calls', 'g-'));
      return {
        root,
        remove: () =>
          removable ? rm(root, { recursive: true, force: true }) : Promise.reject(new Error('it stays')),
      };
    },
    confine: (place) => confine(place),
    say: (line) => void said.push(line),
  });
});
afterEach(async () => {
  await standby.close();
  await Promise.all(taken.map(({ sandbox }) => sandbox.discard()));
  await until('none is left', () => waiting() === undefined);
  rmSync(directory, { recursive: true });
});

/** Of a sandbox: what waits in it, once it does. Others only bring it there. */
const isWaiting = ({ command }: Process): boolean => command === '/proc/self/fd/4';
const waiting = (): Process | undefined => descendants(process.pid).find(isWaiting);

async function prepare(): Promise<Process> {
  standby.prepare();
  return until('one waits', waiting);
}

async function take(): Promise<Taken<Place>> {
  const one = await standby.take();
  if (one === undefined) throw new Error(`none waits: ${said.join('; ')}`);
  taken.push(one);
  return one;
}

const request = ({ place }: Taken<Place>, argv: readonly string[]): WaitingRequest => ({
  path: cli.path,
  argv,
  cwd: place.root,
  env: ENV,
});

/** @returns how it ended and what it printed; undefined when nothing ran */
async function run(
  one: Taken<Place>,
  argv: readonly string[],
): Promise<(RunResult & { out: string }) | undefined> {
  const started = await one.sandbox.start(request(one, argv));
  if (started === undefined) return undefined;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const out = text(stdout);
  stderr.resume();
  const streams = { needs: { stdin: false, files: [] }, stdin: Readable.from([]), stdout, stderr };
  const signal = new AbortController().signal;
  const result = await attend({ ...streams, signal, onSignal: () => {} }, () => started);
  stdout.end();
  return { ...result, out: await out };
}

// It waits for nobody: what is thrown then ends the repeater, and every call in it.
it('is done without when it does not come to wait, and its place cannot be removed either', async () => {
  removable = false;
  confine = () => {
    throw new Error('out of descriptors');
  };
  standby.prepare();
  await until('it is said', () => said.length === 1);
  expect(await standby.take()).toBeUndefined();
});

it('is used by one call, and another that comes with it finds none', async () => {
  await prepare();
  const [first, second] = await Promise.all([take(), standby.take()]);
  expect(second).toBeUndefined();
  expect(await run(first, ['exit', '3'])).toEqual({ exit: 3, out: '' });
  // And never again.
  expect(await run(first, ['exit', '4'])).toBeUndefined();
  await prepare();
  const next = await take();
  expect(next.place.root).not.toBe(first.place.root);
  expect(await run(next, ['exit', '5'])).toEqual({ exit: 5, out: '' });
});

it('is made once, however many calls end together', async () => {
  for (let times = 0; times < 5; times += 1) standby.prepare();
  await until('one waits', waiting);
  expect(made).toBe(1);
});

it('runs nothing when it was killed, whether that is known or not', async () => {
  const first = await prepare();
  process.kill(first.pid, 'SIGKILL');
  await until('it has ended', () => stillRunning([first]).length === 0);
  // Its end may be known by then, or become known.
  const known = await standby.take();
  expect(known === undefined ? undefined : await run(known, ['exit', '3'])).toBeUndefined();
  await known?.sandbox.discard();
  const second = await prepare();
  const one = await take();
  process.kill(second.pid, 'SIGKILL');
  expect(await run(one, ['exit', '3'])).toBeUndefined();
  expect(await prepare()).not.toEqual(second);
});

it('runs nothing when it was stopped, and is ended in time', async () => {
  const { pid } = await prepare();
  const one = await take();
  process.kill(pid, 'SIGSTOP');
  expect(await run(one, ['exit', '3'])).toBeUndefined();
}, 20_000);

it('is not used when the program is another one by then', async () => {
  await prepare();
  copyFileSync(program, `${program}.new`);
  renameSync(`${program}.new`, program);
  expect(await standby.take()).toBeUndefined();
  expect(readdirSync(join(directory, 'calls'))).toEqual([]);
  await prepare();
  expect(await run(await take(), ['exit', '3'])).toEqual({ exit: 3, out: '' });
  expect(said).toEqual([]);
});

it.each([
  ['too large', ['x'.repeat(CLI_REQUEST_BYTES_MAX)]],
  ['not what a program can be given', ['exit', '3\0']],
])('runs nothing of what is %s', async (_what, argv) => {
  await prepare();
  expect(await run(await take(), argv)).toBeUndefined();
});

it('hands over every word as it is, and what is as large as may be', async () => {
  const words = ['', ' ', '\n', '-', '--', '=', '$(id)', "'", '"', '\\', 'é', '\u{1f600}', 'A=B', ''];
  await prepare();
  const all = [...words, 'x'.repeat(CLI_REQUEST_BYTES_MAX - 2_000)];
  const ran = await run(await take(), ['words', ...all]);
  expect({ ...ran, out: JSON.parse(ran?.out ?? '') }).toEqual({ exit: 0, out: { did: all } });
});

it('says when there is no such program or directory', async () => {
  for (const wrong of [{ path: '/nonexistent' }, { cwd: '/nonexistent' }]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await prepare();
    // oxlint-disable-next-line no-await-in-loop -- as above
    const one = await take();
    // oxlint-disable-next-line no-await-in-loop -- as above
    const started = await one.sandbox.start({ ...request(one, []), ...wrong });
    // oxlint-disable-next-line no-await-in-loop -- as above
    const [result, complaint] = await Promise.all([
      started?.ended,
      text(started?.stderr ?? Readable.from([])),
    ]);
    expect({ result, complaint }).toEqual({
      result: { exit: 127 },
      complaint: '/nonexistent: No such file or directory\n',
    });
  }
});

it('is done without when none comes to wait again and again', async () => {
  confine = ({ root }) => {
    const sound = cli.confine({ place: root });
    return { ...sound, words: (fd) => sound.words(fd).map((word) => (word === '--' ? '--unknown' : word)) };
  };
  for (let times = 1; times <= CLI_STANDBY_FAILURES_MAX; times += 1) {
    standby.prepare();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await until('it is said', () => said.length === times);
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await standby.take()).toBeUndefined();
  }
  expect(said[0]).toBe('no sandbox waits for the next call: its process has ended');
  expect(said.at(-1)).toMatch(/, each call makes its own from now on$/);
  standby.prepare();
  expect(await standby.take()).toBeUndefined();
  expect(made).toBe(CLI_STANDBY_FAILURES_MAX);
  expect(readdirSync(join(directory, 'calls'))).toEqual([]);
});
