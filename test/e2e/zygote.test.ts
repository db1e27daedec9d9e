// A zygote over the life of its repeater: what ends it, what takes its place, and what is never forked. That its forks
// are shut in is tested where started programs are (cli-sandbox.test.ts).

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { attend } from '../../repeaters/sdk/running-program.js';
import { prepareCli } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import type { RunResult } from '../../repeaters/sdk/types.js';
import type { Fork } from '../../repeaters/sdk/zygote/fork.js';
import { WarmCli } from '../../repeaters/sdk/zygote/warm-cli.js';
import { Zygote, type ZygoteOptions } from '../../repeaters/sdk/zygote/zygote.js';
import { CLI_ZYGOTES_MAX } from '../../src/protocol/limits.js';
import { descendants, until } from '../helpers/processes.js';

const SCRIPT = join(import.meta.dirname, '../../repeaters/sdk/zygote/zygote.py');
const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

let directory: string;
let program: string;
/** What the preloaded file says that it has imported. */
let installed: string;
let options: ZygoteOptions;
let said: string[];
let warm: WarmCli;
let close: () => void;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'turret-zygote-'));
  mkdirSync(join(directory, 'calls'));
  program = join(directory, 'hostile');
  copyFileSync(join(import.meta.dirname, '../fixtures/hostile-cli.py'), program);
  installed = join(directory, 'installed');
  mkdirSync(installed);
  said = [];
});
afterEach(() => {
  warm.close();
  close();
  rmSync(directory, { recursive: true });
});

interface Started {
  /** Text of a Python file. */
  preload?: string;
  /** Words that start Python. */
  python?: string[];
}

async function start({ preload, python = ['/usr/bin/python3'] }: Started = {}): Promise<void> {
  const file = join(directory, 'preload.py');
  if (preload !== undefined) writeFileSync(file, preload);
  const kind = { tool: 'hostile', product: 'it', version: /hostile\/(\S+)/, env: {}, ownExits: [] };
  const search = { configured: program, path: undefined };
  const { network } = await prepareCli({ ...kind, injector: 'tcp' }, search, 'required', (sandbox, entry) => {
    const calls = join(directory, 'calls');
    const confinement = sandbox.confineForks({ calls, readable: [SCRIPT, file, installed] });
    if (confinement === undefined) throw new Error('no filter is known for this machine');
    options = {
      ...{ confinement, script: SCRIPT, python, entry, env: ENV, calls },
      warm: preload === undefined ? undefined : file,
      makePlace: (path) => mkdir(path),
    };
    warm = new WarmCli({ ...options, say: (line) => void said.push(line) });
  });
  close = () => network?.close();
}

async function take(): Promise<Fork> {
  const fork = await warm.take();
  if (fork === undefined) throw new Error(`no fork: ${said.join('; ')}`);
  return fork;
}

/** @param ready gets to know when it has printed something, and how it is signalled */
function run(fork: Fork, argv: string[], ready?: (send: () => void) => void): Promise<RunResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const program = fork.start({ argv, cwd: fork.inside, env: ENV, stdin: false });
  stdout.once('data', () => ready?.(() => program.kill('TERM'))).resume();
  stderr.resume();
  const streams = { needs: { stdin: false, files: [] }, stdin: Readable.from([]), stdout, stderr };
  return attend({ ...streams, signal: new AbortController().signal, onSignal: () => {} }, () => program);
}

/** The zygote itself is the child of the first process of its sandbox. */
function zygote(): number {
  const all = descendants(process.pid);
  const bwrap = new Set(all.filter(({ command }) => command.includes('bwrap')).map(({ pid }) => pid));
  const found = all.find(({ command, parent }) => command.endsWith('zygote.py') && bwrap.has(parent));
  return found?.pid ?? Number.NaN;
}

it('is replaced when somebody killed it, and its repeater says so', async () => {
  await start();
  expect(await run(await take(), ['exit', '3'])).toEqual({ exit: 3 });
  process.kill(zygote(), 'SIGKILL');
  await until('it is said', () => said.length === 1);
  expect(said).toEqual(['the zygote was given up: its process has ended']);
  expect(await run(await take(), ['exit', '4'])).toEqual({ exit: 4 });
});

it('is done without when that happens again and again', async () => {
  await start();
  for (let times = 1; times <= CLI_ZYGOTES_MAX; times += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await take();
    process.kill(zygote(), 'SIGKILL');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await until('it is said', () => said.length === times);
  }
  expect(await warm.take()).toBeUndefined();
  expect(said.at(-1)).toMatch(/its process has ended, each call is started by itself from now on$/);
});

it('is replaced when its program is another, and calls that run go on', async () => {
  await start();
  let end = (): void => {};
  const printed = new Promise<void>((resolve) => {
    void (async () => {
      const result = run(await take(), ['ready'], (send) => {
        end = send;
        resolve();
      });
      running = result;
    })();
  });
  let running: Promise<RunResult> | undefined;
  await printed;
  const before = zygote();
  utimesSync(program, 1, 1);
  expect(await run(await take(), ['exit', '5'])).toEqual({ exit: 5 });
  end();
  expect(await running).toEqual({ exit: 143, signal: 'TERM' });
  await until('the first has ended', () => descendants(process.pid).every(({ pid }) => pid !== before));
  expect(said).toEqual([]);
});

/** Has nothing to import, and says that it was read from one directory. */
const installation = (): string =>
  `def installation():\n    return [${JSON.stringify(installed)}]\ndef warm():\n    return None, iter(())\n`;

it.each<[string, () => void]>([
  ['has another file', () => writeFileSync(join(installed, 'new'), '')],
  ['is another directory', () => (rmSync(installed, { recursive: true }), mkdirSync(installed))],
])('is replaced when what it has imported %s', async (_what, change) => {
  await start({ preload: installation() });
  expect(await run(await take(), ['exit', '3'])).toEqual({ exit: 3 });
  const before = zygote();
  change();
  expect(await run(await take(), ['exit', '4'])).toEqual({ exit: 4 });
  await until('the first has ended', () => descendants(process.pid).every(({ pid }) => pid !== before));
  expect(said).toEqual([]);
});

it('says of which interpreter, script, packages and imports it was made, and is no more when one is gone', async () => {
  await start({ preload: installation() });
  const made = await Zygote.start(options);
  const { identity } = await made.ready;
  const paths = 'import os, sys; print("\\n".join([sys.executable, *filter(os.path.exists, sys.path[1:])]))';
  const ofPython = execFileSync('/usr/bin/python3', ['-c', paths], { encoding: 'utf8', env: ENV });
  const all = [...ofPython.trim().split('\n'), options.entry, installed];
  expect(all.filter((path) => path.startsWith('/usr/')).length).toBeGreaterThan(2);
  expect(Object.keys(identity)).toEqual(expect.arrayContaining(all));
  expect(made.isOf({ version: null, identity })).toBe(true);
  expect(made.isOf({ version: null, identity: { ...identity, '/nonexistent': '1 1 1' } })).toBe(false);
  made.close();
});

it('hands down none of the descriptors that it was started with', async () => {
  const opens =
    'import os, sys; os.set_inheritable(os.dup(os.open("/", 0)), True); os.execv(sys.argv[1], sys.argv[1:])';
  await start({ python: ['/usr/bin/python3', '-c', opens, '/usr/bin/python3'] });
  expect(await run(await take(), ['exit', '3'])).toEqual({ exit: 3 });
  expect(said).toEqual([]);
});

const PRELOADS = {
  'a thread': [
    'import threading, time\n',
    'threading.Thread(target=time.sleep, args=(60,)).start()',
    /starts threads/,
  ],
  'an open file': ['import os\n', 'os.open("/etc/localtime", os.O_RDONLY)', /leaves \S+ open/],
  'an error': ['', 'raise SystemExit("not of this version")', /not of this version/],
} as const;

it.each(Object.keys(PRELOADS) as (keyof typeof PRELOADS)[])(
  'is not forked after an import that leaves %s',
  async (what) => {
    const [imports, line, reason] = PRELOADS[what];
    await start({
      preload: `${imports}def installation():\n    return []\ndef warm():\n    ${line}\n    return None, iter(())\n`,
    });
    expect(await warm.take()).toBeUndefined();
    expect(said[0]).toMatch(reason);
  },
);
