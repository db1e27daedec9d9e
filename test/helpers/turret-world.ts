// A user with a HOME, a workspace and a state directory of their own, who types `turret run`. The built program runs.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Ran, outcome } from './broker-session.js';

export const TURRET = fileURLToPath(new URL('../../bin/turret.js', import.meta.url));
const END_MS_MAX = 40_000;
const REMOVE_TRIES_MAX = 50;

/** An echo repeater, everything allowed. */
export const ECHO_CONFIG = `version: 1
extends: []
repeaters: { echo: {} }
rules: [{ id: all, allow: ["echo.**"] }]
`;

export class World {
  readonly root: string;
  readonly home: string;
  readonly workspace: string;
  readonly state: string;
  readonly runtime: string;
  readonly config: string;
  env: Record<string, string>;
  readonly #children = new Set<ChildProcess>();

  readonly #user: { uid?: number; gid?: number };
  /** Path of bin/turret.js. */
  executable: string;

  /** `uid`: whose world it is, when it is not ours; `turret`: a copy that this user can read. */
  constructor(config: string = ECHO_CONFIG, as: { uid?: number; turret?: string } = {}) {
    const { uid } = as;
    this.#user = uid === undefined ? {} : { uid, gid: uid };
    this.executable = as.turret ?? TURRET;
    this.root = realpathSync(mkdtempSync('/tmp/tw-'));
    const make = (name: string): string => {
      const path = join(this.root, name);
      mkdirSync(path, { mode: 0o700 });
      return path;
    };
    this.home = make('home');
    this.workspace = make('work');
    this.runtime = make('run');
    this.state = join(this.home, '.local/state/turret');
    this.config = join(this.root, 'turret.yaml');
    writeFileSync(this.config, config, { mode: 0o600 });
    for (const path of [this.root, this.home, this.workspace, this.runtime, this.config]) {
      if (uid !== undefined) chownSync(path, uid, uid);
    }
    this.env = {
      HOME: this.home,
      PATH: '/usr/bin:/bin',
      TERM: 'xterm',
      LANG: 'C.UTF-8',
      XDG_RUNTIME_DIR: this.runtime,
    };
  }

  /** The words of `turret run`, the agent's command last. */
  words(command: string[], options: string[] = []): string[] {
    return [process.execPath, this.executable, 'run', '--config', this.config, ...options, '--', ...command];
  }

  start(words: string[], options: SpawnOptions = {}): ChildProcess {
    const [file = '', ...args] = words;
    const child = spawn(file, args, {
      cwd: this.workspace,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#user,
      ...options,
    });
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** Runs the agent's command to its end. */
  async run(command: string[], options: string[] = [], input?: string | Uint8Array): Promise<Ran> {
    return this.finish(
      this.start(this.words(command, options), input === undefined ? {} : { stdio: 'pipe' }),
      input,
    );
  }

  /** Runs another command of turret's. */
  turret(...words: string[]): Promise<Ran> {
    return this.finish(this.start([process.execPath, this.executable, ...words]));
  }

  /** What `start` begins has this environment; its end may come later. */
  in<T>(env: Record<string, string>, start: () => T): T {
    const before = this.env;
    this.env = env;
    try {
      return start();
    } finally {
      this.env = before;
    }
  }

  async finish(child: ChildProcess, input?: string | Uint8Array): Promise<Ran> {
    child.stdin?.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    const ran = await outcome(child);
    clearTimeout(timer);
    return ran;
  }

  /** Directories of sessions below the runtime directory. */
  runtimeSessions(): string[] {
    return entries(join(this.runtime, 'turret'));
  }

  /** Directories of recorded sessions, oldest first. */
  sessions(): string[] {
    return entries(join(this.state, 'sessions')).map((name) => join(this.state, 'sessions', name));
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    removeOnceQuiet(this.root);
  }
}

// A session whose supervisor was just killed still writes its last record.
export function removeOnceQuiet(directory: string): void {
  for (let attempt = 0; ; attempt += 1) {
    try {
      rmSync(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === REMOVE_TRIES_MAX) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
