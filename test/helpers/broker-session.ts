// A real broker process with the loopback repeater behind it, and an agent directory with the real bundled shim. No supervisor.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { signingKey } from '../../src/crypto/ed25519.js';
import type { BrokerKey, BrokerSetup, FromBroker } from '../../src/protocol/control.js';
import { BROKER_SEMI_SPACE_MIB } from '../../src/protocol/limits.js';
import type { JsonObject } from '../../src/protocol/messages.js';
import { handOver } from '../../src/session/hand-over.js';
import { sidOf } from '../../src/token/identity.js';
import { formatToken } from '../../src/token/token.js';
import { NATIVE_SHIM } from './native-shim.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENV = { PATH: '/usr/bin:/bin', NODE_ENV: 'production' };

export interface BrokerSession {
  /** Has `agent.sock`, `token` and `bin/loop`. */
  agentDirectory: string;
  adminSocket: string;
  shim: string;
  token: string;
  /** One for each holder, `token` the first. */
  tokens: readonly string[];
  /** Good on the admin socket. */
  adminToken: string;
  sid: string;
  broker: ChildProcess;
  repeaters: readonly ChildProcess[];
  /** What the repeater wrote to its stderr so far. */
  repeaterLog(): string;
  close(): void;
}

export type ShimKind = 'native' | 'node';
/** The check runs the same tests once more with TURRET_TEST_SHIM=node. */
export const SHIM_TESTED: ShimKind = process.env['TURRET_TEST_SHIM'] === 'node' ? 'node' : 'native';

export interface BrokerSessionOptions {
  /** Everything but `loop.remove` when left out. */
  rules?: JsonObject[];
  /** Main file of the repeater, that of the tests when left out. */
  repeater?: string;
  shim?: ShimKind;
  /** Keys of sessions, one when left out. */
  holders?: number;
}

const BASE = { except: [], where: {}, layer: 'user' };
const RULES = [
  { id: 'all', effect: 'allow', actions: ['loop.**'], ...BASE },
  { id: 'no-rm', effect: 'deny', actions: ['loop.remove'], ...BASE },
];

export async function startBrokerSession({
  rules = RULES,
  repeater = 'test/fixtures/repeater-loopback.mjs',
  shim: kind = SHIM_TESTED,
  holders = 1,
}: BrokerSessionOptions = {}): Promise<BrokerSession> {
  const directory = mkdtempSync('/tmp/tss-');
  const agentDirectory = join(directory, 'agent');
  const shim = join(agentDirectory, 'bin', 'loop');
  mkdirSync(join(agentDirectory, 'bin'), { recursive: true });
  const broker = spawn(
    process.execPath,
    [`--max-semi-space-size=${BROKER_SEMI_SPACE_MIB}`, join(ROOT, 'dist/src/broker/main.cjs')],
    {
      env: ENV,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  const repeaters: ChildProcess[] = [];
  let log = '';
  const waiting = new Map<string, (message: FromBroker) => void>();
  broker.on('message', (message: FromBroker) => {
    if (message.type === 'failed') throw new Error(message.message);
    if (message.type === 'start_repeater')
      repeaters.push(startRepeater(broker, repeater, (text) => (log += text)));
    waiting.get(message.type)?.(message);
  });
  const next = (type: FromBroker['type']): Promise<FromBroker> =>
    new Promise((resolve) => waiting.set(type, resolve));
  const ready = await next('ready');
  if (ready.type !== 'ready') throw new Error('the broker has no keys');
  const identity = randomBytes(32);
  const sid = sidOf(signingKey(identity).publicKey);
  const agents = Array.from({ length: holders }, () => holderOf('session', sid));
  const admin = holderOf('admin', sid);
  const [token = ''] = agents.map((agent) => agent.token);
  const listening = next('listening');
  broker.send({
    ...setupOf(directory, identity, rules),
    keys: [...agents, admin].map(({ key }) => key),
  });
  await listening;
  writeFileSync(join(agentDirectory, 'token'), token, { mode: 0o400 });
  placeShims(agentDirectory, shim, kind);
  return {
    agentDirectory,
    adminSocket: join(directory, 'admin.sock'),
    shim,
    token,
    tokens: agents.map((agent) => agent.token),
    adminToken: admin.token,
    sid: sid.toString('hex'),
    broker,
    repeaters,
    repeaterLog: () => log,
    close: () => {
      for (const child of [broker, ...repeaters]) child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

// As fillAgentDirectory does it. A native shim that was not built fails every test that wants one.
function placeShims(agentDirectory: string, shim: string, kind: ShimKind): void {
  const node = `#!${process.execPath}\n${readFileSync(join(ROOT, 'dist/shim.cjs'), 'utf8')}`;
  if (kind === 'node') return writeFileSync(shim, node, { mode: 0o755 });
  copyFileSync(NATIVE_SHIM, shim);
  mkdirSync(join(agentDirectory, 'node'));
  writeFileSync(join(agentDirectory, 'node/loop'), node, { mode: 0o755 });
}

function holderOf(kind: 'session' | 'admin', sid: Uint8Array): { token: string; key: BrokerKey } {
  const seed = randomBytes(32);
  const public_key = signingKey(seed).publicKey.toString('base64url');
  const label = kind === 'session' ? 'agent' : 'turret';
  return {
    token: formatToken({ kind, seed, sid }),
    key: { public_key, kind, label, lifetime_ms: 600_000 },
  };
}

function setupOf(directory: string, identity: Buffer, rules: JsonObject[]): BrokerSetup {
  return {
    type: 'setup',
    sid: sidOf(signingKey(identity).publicKey).toString('hex'),
    identity: identity.toString('base64url'),
    server: false,
    sockets: { agent: join(directory, 'agent/agent.sock'), admin: join(directory, 'admin.sock') },
    repeaters: [{ name: 'loop', kind: 'loop', tools: ['loop'] }],
    policy: { rules, limits: [] },
    call_ms_max: 600_000,
    audit: {
      directory: join(directory, 'audit'),
      certificate: randomBytes(64).toString('base64url'),
      host_public_key: randomBytes(32).toString('base64url'),
      start: {},
    },
    keys: [],
  };
}

function startRepeater(broker: ChildProcess, program: string, logged: (text: string) => void): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, program)], {
    env: ENV,
    stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'pipe'],
  });
  child.stderr?.setEncoding('utf8').on('data', logged);
  const secrets = { name: 'loop', kind: 'loop', config: {}, env: {}, directory: '/', siblings: {} };
  (child.stdio[4] as Writable).end(JSON.stringify(secrets));
  handOver(broker, { type: 'repeater_started', name: 'loop', pid: child.pid ?? 0 }, child.stdio[3] as Socket);
  return child;
}

export interface Ran {
  code: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: string;
}

/** Collects what a child writes until it is gone and its pipes are closed. */
export async function outcome(child: ChildProcess): Promise<Ran> {
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const { code, signal } = await gone(child, 'close');
  return { code, signal, stdout: Buffer.concat(stdout), stderr };
}

/** The pipe a test gave it. */
export function stdoutOf({ stdout }: ChildProcess): Readable {
  if (stdout === null) throw new TypeError('the child was started without a pipe');
  return stdout;
}

/** How a child ended; with `close`, only after its pipes did. */
export function gone(child: ChildProcess, event: 'exit' | 'close'): Promise<Pick<Ran, 'code' | 'signal'>> {
  return new Promise((resolve) => {
    child.on(event, (code: number | null, signal: string | null) => resolve({ code, signal }));
  });
}
