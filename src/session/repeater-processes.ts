// Repeaters, started when the broker first needs one. The socket on their fd 3 goes to the broker; what is written to
// their fd 4 goes past it: the broker never sees a secret, and no secret is in an argv, an environ or a file.
// A process that holds a credential does not outlive its connection, its broker or this process, whatever it is doing.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import type { RepeaterSecrets } from '../../repeaters/sdk/types.js';
import type { RepeaterConfig } from '../config/config.js';
import { dyingWithParent } from '../isolation/die-with-parent.js';
import type { RepeaterEntry } from '../protocol/control.js';
import { CLOSE_MS_MAX } from '../protocol/limits.js';
import type { Json } from '../protocol/messages.js';
import type { BrokerProcess } from './broker-process.js';
import { BUILT_IN_REPEATERS, HOST_ENTRY } from './built-in-repeaters.js';
import { findProgram } from './command.js';
import { RepeaterLog } from './repeater-log.js';

export interface RepeaterSurroundings {
  repeaters: Record<string, RepeaterConfig>;
  /** The user's environment: where secrets come from. */
  env: NodeJS.ProcessEnv;
  /** The session's runtime directory, for a private directory per repeater. */
  runtimeDirectory: string;
  /** The session's state directory, for the repeaters' stderr. */
  stateDirectory: string;
}

/** What the broker is told of the configured repeaters, in their order. */
export function repeaterEntries(repeaters: Record<string, RepeaterConfig>): RepeaterEntry[] {
  return Object.values(repeaters).map(({ name, kind, tools }) => ({
    name,
    kind,
    tools: tools ?? BUILT_IN_REPEATERS[kind]?.tools ?? [],
  }));
}

export class RepeaterProcesses {
  readonly #surroundings: RepeaterSurroundings;
  readonly #broker: BrokerProcess;
  readonly #children = new Map<ChildProcess, string>();
  readonly #logs = new Map<string, RepeaterLog>();

  constructor(surroundings: RepeaterSurroundings, broker: BrokerProcess) {
    this.#surroundings = surroundings;
    this.#broker = broker;
  }

  /** Starts one and hands its socket to the broker; what goes wrong is told to the broker too. */
  start(name: string): void {
    const config = this.#surroundings.repeaters[name];
    if (config === undefined) return this.#failed(name, `there is no repeater "${name}"`, undefined);
    try {
      this.#spawn(config);
    } catch (error) {
      this.#failed(
        name,
        `the repeater "${name}" cannot be started: ${(error as Error).message}`,
        'turret doctor says more',
      );
    }
  }

  /** All of them, at once. Used when the session is over. */
  kill(): void {
    for (const child of this.#children.keys()) killGroup(child);
  }

  /** One of this name, or all: it has lost the broker and may tidy up, but it must end. */
  endSoon(name?: string): void {
    const lost = [...this.#children].filter(([, its]) => name === undefined || its === name);
    const timer = setTimeout(() => {
      for (const [child] of lost) if (this.#children.has(child)) killGroup(child);
    }, CLOSE_MS_MAX);
    timer.unref();
  }

  #spawn(config: RepeaterConfig): void {
    const { name, kind } = config;
    const { runtimeDirectory, stateDirectory } = this.#surroundings;
    const directory = join(runtimeDirectory, 'repeaters', name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const log = this.#logs.get(name) ?? new RepeaterLog(join(stateDirectory, `repeater-${name}.log`));
    this.#logs.set(name, log);
    const env = repeaterEnvironment(this.#surroundings.env);
    const [file, ...args] = this.#commandOf(config);
    const [program = '', ...words] = [
      ...dyingWithParent(),
      findProgram(file, env['PATH'] ?? '', directory),
      ...args,
    ];
    const child = spawn(program, words, {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.on('error', (error) =>
      this.#failed(name, `the repeater "${name}" cannot be started: ${error.message}`, undefined),
    );
    if (child.pid === undefined) return; // there are no pipes either
    this.#children.set(child, name);
    for (const stream of [child.stdout, child.stderr]) log.follow(stream as Readable);
    child.on('exit', (code, signal) => {
      this.#children.delete(child);
      killGroup(child); // what it started without the SDK, which sees to that itself
      this.#broker.send({ type: 'repeater_exited', name, code, signal });
    });
    const secrets = child.stdio[4] as Writable;
    // A repeater that dies before it has read them takes its end of the pipe with it.
    secrets.on('error', () => {});
    secrets.end(JSON.stringify(this.#secretsOf(config, kind, directory)));
    this.#broker.send({ type: 'repeater_started', name, pid: child.pid }, child.stdio[3] as Socket);
  }

  #commandOf(config: RepeaterConfig): [string, ...string[]] {
    const { command, profile, kind } = config;
    if (command !== undefined && profile === 'binary') {
      const [file = '', ...args] = command.map((word, index) =>
        index === 0 ? word : fromConfig(config, word),
      );
      return [file.includes('/') ? fromConfig(config, file) : file, ...args];
    }
    if (command !== undefined) return [process.execPath, HOST_ENTRY];
    const builtIn = BUILT_IN_REPEATERS[kind];
    if (builtIn === undefined)
      throw new Error(`nothing is built in for kind "${kind}", and it has no command`);
    return [process.execPath, builtIn.entry];
  }

  #secretsOf(config: RepeaterConfig, kind: string, directory: string): RepeaterSecrets {
    const names = [...(BUILT_IN_REPEATERS[kind]?.env ?? []), ...(config.secrets ?? [])];
    const siblings = Object.values(this.#surroundings.repeaters).filter(
      (other) => other.kind === kind && other.name !== config.name,
    );
    return {
      name: config.name,
      kind,
      config: asJson(config),
      env: pick(this.#surroundings.env, names),
      directory,
      siblings: Object.fromEntries(siblings.map((other) => [other.name, asJson(other)])),
    };
  }

  #failed(name: string, message: string, hint: string | undefined): void {
    this.#broker.send({ type: 'repeater_failed', name, message, ...(hint === undefined ? {} : { hint }) });
  }
}

// It leads a group of its own.
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

// Nothing of the user's, but what a process needs to run at all, and the certificates its upstream may need.
function repeaterEnvironment(user: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    NODE_ENV: 'production',
    ...pick(user, ['HOME', 'NODE_EXTRA_CA_CERTS']),
  };
}

function pick(env: NodeJS.ProcessEnv, names: string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const wanted = names.some((pattern) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
    if (wanted && value !== undefined) picked[name] = value;
  }
  return picked;
}

function fromConfig(config: RepeaterConfig, word: string): string {
  const relative = word.includes('/') && !isAbsolute(word) && config.directory !== undefined;
  return relative ? resolve(config.directory as string, word) : word;
}

function asJson(config: RepeaterConfig): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(config)) as { [key: string]: Json };
}
