// The gh repeater as the broker would use it, and the bare gh beside it, both against a local GitHub.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { prepareGh } from '../../repeaters/gh/cli.js';
import { createUpstream } from '../../repeaters/gh/inject/upstream.js';
import { planGh } from '../../repeaters/gh/plan.js';
import { ghStandby, performGh } from '../../repeaters/gh/perform.js';
import { resolveGh } from '../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../repeaters/gh/tables.js';
import type { GhContext, GhWireAllowance } from '../../repeaters/gh/types.js';
import { readFileEntries, writeFileEntry } from '../../src/wire/file-stream.js';
import type { Run, RunResult } from '../../repeaters/sdk/types.js';
import type { Capability, Needs, Tty } from '../../src/protocol/messages.js';

export interface GhCall {
  cwd?: string;
  facts?: Record<string, string>;
  stdin?: string;
  /** Files of the caller, by path as the need names it. */
  files?: Record<string, string>;
  tty?: Tty;
  /** There is a git for the bare gh, and it knows nothing; as for the guarded one. */
  git?: boolean;
  signal?: AbortSignal;
  onStarted?: (run: { signal: (name: 'INT' | 'TERM') => void }) => void;
}

interface GhOutcome {
  exit: number;
  stdout: Buffer;
  stderr: Buffer;
}

export interface GuardedOutcome extends GhOutcome {
  capabilities: Capability[];
  /** What came back for the caller's directory. */
  written: Record<string, string>;
  /** What the injector refused. */
  refused: string[];
}

export interface GhSession {
  gh: string;
  context: GhContext;
  resolve(argv: readonly string[], call?: GhCall): { capabilities: Capability[]; needs: Needs };
  guarded(argv: readonly string[], call?: GhCall): Promise<GuardedOutcome>;
  /** Perform these capabilities, whatever resolving would have said. */
  perform(capabilities: Capability[], needs: Needs, call?: GhCall): Promise<GuardedOutcome>;
  /** Perform them while the wire allows something else: a resolver that has been fooled. */
  performAllowing(
    capabilities: Capability[],
    needs: Needs,
    allow: GhWireAllowance[],
  ): Promise<GuardedOutcome>;
  /** Where the private directories of the calls are. */
  directory: string;
  bare(argv: readonly string[], call?: GhCall): Promise<GhOutcome & { written: Record<string, string> }>;
  close(): Promise<void>;
}

/** @param options.socket the fake's Unix socket, for the bare gh; @param options.endpoint its address, for the guarded one */
export async function openGhSession(options: {
  endpoint: string;
  socket: string;
  token: string;
  host?: string;
}): Promise<GhSession> {
  const search = { configured: undefined, path: '/usr/local/bin:/usr/bin:/bin' };
  const cli = await prepareGh({ ...search, sandbox: 'required' });
  const { path: gh, version } = cli;
  const context = { name: 'gh', host: options.host ?? 'github.com', table: loadTable(version) };
  const directory = await mkdtemp(join(tmpdir(), 'tgh-'));
  const upstream = createUpstream(new URL(options.endpoint));
  const resolve = (argv: readonly string[], { cwd = '/home/agent', facts }: GhCall = {}) => {
    const result = resolveGh({ tool: 'gh', argv: [...argv], cwd, ...(facts ? { facts } : {}) }, context);
    if (!('capabilities' in result)) throw new Error(`not resolved: ${JSON.stringify(result)}`);
    return result;
  };
  const standby = ghStandby({ cli, directory, log: (line) => console.error(line) });
  const perform = async (
    capabilities: Capability[],
    needs: Needs,
    call: GhCall & { allow?: GhWireAllowance[] } = {},
  ): Promise<GuardedOutcome> => {
    const refused: string[] = [];
    const runtime = {
      context,
      cli,
      standby,
      directory,
      upstream,
      token: () => Promise.resolve(options.token),
      log: (line: string) => refused.push(line),
    };
    const { run, collected } = makeRun(capabilities, needs, call);
    const plan = planGh(run, context);
    const result: RunResult = await performGh(
      run,
      runtime,
      call.allow ? { ...plan, allow: call.allow } : plan,
    );
    return { exit: result.exit, capabilities, refused, ...(await collected()) };
  };
  return {
    gh,
    context,
    resolve,
    perform,
    performAllowing: (capabilities, needs, allow) => perform(capabilities, needs, { allow }),
    directory,
    guarded: (argv, call = {}) => {
      const { capabilities, needs } = resolve(argv, call);
      return perform(capabilities, needs, call);
    },
    bare: (argv, call = {}) => runBare({ gh, directory, ...options }, argv, call),
    close: async () => {
      upstream.close();
      await standby.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function makeRun(capabilities: Capability[], needs: Needs, call: GhCall) {
  const [stdout, stderr, filesIn, filesOut] = [
    new PassThrough(),
    new PassThrough(),
    new PassThrough(),
    new PassThrough(),
  ];
  void sendFiles(filesIn, needs, call.files ?? {});
  const kept = Promise.all([buffer(stdout), buffer(stderr), receiveFiles(filesOut)]);
  const run: Run = {
    call: 'c1',
    // As after the broker: plain JSON, no identity with what resolve returned.
    ...plain({ capabilities, needs }),
    tty: call.tty,
    signal: call.signal ?? new AbortController().signal,
    stdin: Readable.from(call.stdin === undefined ? [] : [Buffer.from(call.stdin)]),
    stdout,
    stderr,
    filesIn,
    filesOut,
    used: () => {},
    onSignal: (listener) => {
      call.onStarted?.({ signal: listener });
    },
    onResize: () => {},
  };
  const collected = async () => {
    for (const stream of [stdout, stderr, filesOut]) stream.end();
    const [out, err, written] = await kept;
    return { stdout: out, stderr: err, written };
  };
  return { run, collected };
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

async function sendFiles(to: PassThrough, needs: Needs, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const need = needs.files
      .filter(({ use }) => use !== 'write')
      .find(
        (one) =>
          one.path === path ||
          (one.tree && path.startsWith(`${one.path}/`)) ||
          // The names in the current directory.
          (one.path === '.' && !path.includes('/')),
      );
    const bytes = Buffer.from(content);
    if (need?.use === 'stat')
      await writeFileEntry(to, { path, kind: 'stat', size: bytes.length, mode: 0o644, mtime_ms: 0 });
    if (need?.use !== 'read') continue;
    await writeFileEntry(to, { path, kind: 'file', size: bytes.length, mode: 0o644, mtime_ms: 0 }, [bytes]);
  }
  to.end();
}

async function receiveFiles(from: PassThrough): Promise<Record<string, string>> {
  const written: Record<string, string> = {};
  for await (const entry of readFileEntries(from)) {
    if (entry.kind === 'file') written[entry.path] = (await buffer(entry.content)).toString('latin1');
  }
  return written;
}

async function runBare(
  { gh, directory, socket, token }: { gh: string; directory: string; socket: string; token: string },
  argv: readonly string[],
  call: GhCall,
): Promise<GhOutcome & { written: Record<string, string> }> {
  const root = await mkdtemp(join(directory, 'bare-'));
  const [work, config] = [join(root, 'work'), join(root, 'config')];
  await mkdir(work);
  await mkdir(config);
  await writeFile(join(config, 'config.yml'), `http_unix_socket: ${socket}\n`);
  if (call.git === true) await writeFile(join(config, 'git'), '#!/bin/sh\nexit 1\n', { mode: 0o700 });
  for (const [path, content] of Object.entries(call.files ?? {})) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), content);
  }
  const color: Record<string, string> =
    call.tty?.color === true ? { CLICOLOR: '1', TERM: 'xterm-256color' } : { NO_COLOR: '1' };
  const child = spawn(gh, [...argv], {
    cwd: work,
    env: {
      PATH: config,
      HOME: root,
      GH_CONFIG_DIR: config,
      GH_TOKEN: token,
      GH_PROMPT_DISABLED: '1',
      GH_PAGER: 'cat',
      LC_ALL: 'C.UTF-8',
      TMPDIR: root,
      XDG_CACHE_HOME: root,
      ...(call.facts?.['env.GH_REPO'] ? { GH_REPO: call.facts['env.GH_REPO'] } : {}),
      ...color,
      ...(call.tty?.stdout === true ? { GH_FORCE_TTY: String(call.tty.cols) } : {}),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.stdin ?? '');
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      resolve(code ?? -1);
    });
  });
  const [stdout, stderr, exit] = await Promise.all([buffer(child.stdout), buffer(child.stderr), exited]);
  const written: Record<string, string> = {};
  for (const name of await readdir(work, { recursive: true, withFileTypes: true })) {
    const path = join(name.parentPath, name.name).slice(work.length + 1);
    if (name.isFile() && call.files?.[path] === undefined) {
      written[path] = (await readFile(join(work, path))).toString('latin1');
    }
  }
  return { exit, stdout, stderr, written };
}
