// Repeaters, started when the broker first needs one. The socket on their fd 3 goes to the broker; what is written to
// their fd 4 goes past it: the broker never sees a secret, and no secret is in an argv, an environ or a file.
// A process that holds a credential does not outlive its connection, its broker or this process, whatever it is doing.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import type { RepeaterSecrets } from '../../repeaters/sdk/types.js';
import type { Config, RepeaterConfig } from '../config/config.js';
import type { RepeaterEntry } from '../protocol/control.js';
import { CLOSE_MS_MAX } from '../protocol/limits.js';
import type { Json } from '../protocol/messages.js';
import { trustedPath } from '../platform/paths.js';
import { visible } from '../ui/visible.js';
import type { BrokerProcess } from './broker-process.js';
import { BUILT_IN_REPEATERS } from './built-in-repeaters.js';
import { fixedFiles } from './fixed-files.js';
import { tellOpening } from './opening-notice.js';
import { RepeaterLog } from './repeater-log.js';
import { type OwnSecrets, withoutSources } from './repeater-secrets.js';
import {
  FILTER_FD,
  type RepeaterStart,
  type StartSurroundings,
  prepareRepeater,
  handoffFor,
} from './repeater-start.js';
import { vaultDirectory } from './vault-directory.js';

export interface RepeaterSurroundings extends Omit<StartSurroundings, 'hidden' | 'fixed'> {
  config: Config;
  /** The session's state directory, for the repeaters' stderr. */
  stateDirectory: string;
  /** What repeaters are given that is no variable of the user's. */
  secrets: ReadonlyMap<string, OwnSecrets>;
  /** To whoever started the session. */
  say: (line: string) => void;
}

const SECRETS_FD = 4;
/** Places of files, of the one who typed `turret run`. */
const OF_THE_STARTER = ['XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'GH_CONFIG_DIR'];

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
  readonly #places = new Set<RepeaterStart>();
  readonly #told = new Set<string>();
  #over = false;

  constructor(surroundings: RepeaterSurroundings, broker: BrokerProcess) {
    this.#surroundings = surroundings;
    this.#broker = broker;
  }

  /** Starts one and hands its socket to the broker; what goes wrong is told to the broker too. */
  start(name: string): void {
    const config = this.#surroundings.config.repeaters[name];
    if (config === undefined) return this.#failed(name, `there is no repeater "${name}"`, undefined);
    this.#spawn(config).catch((error: unknown) => {
      this.#failed(
        name,
        `the repeater "${name}" cannot be started: ${(error as Error).message}`,
        'turret doctor says more',
      );
    });
  }

  /** All of them, at once. Used when the session is over. */
  kill(): void {
    this.#over = true;
    for (const child of this.#children.keys()) killGroup(child);
    for (const place of this.#places) place.remove();
  }

  /** One of this name, or all: it has lost the broker and may tidy up, but it must end. */
  endSoon(name?: string): void {
    const lost = [...this.#children].filter(([, its]) => name === undefined || its === name);
    const timer = setTimeout(() => {
      for (const [child] of lost) if (this.#children.has(child)) killGroup(child);
    }, CLOSE_MS_MAX);
    timer.unref();
  }

  async #spawn(config: RepeaterConfig): Promise<void> {
    const { name } = config;
    const log = this.#logOf(name);
    const { stateDirectory, runtimeDirectory } = this.#surroundings;
    // All sessions', not only this one's.
    const hidden = [
      dirname(dirname(stateDirectory)),
      dirname(runtimeDirectory),
      ...vaultDirectory(this.#surroundings.env),
    ];
    const start = await prepareRepeater(config, {
      ...this.#surroundings,
      hidden,
      fixed: fixedFiles(this.#surroundings.config, { env: this.#surroundings.env, workspace: process.cwd() })
        .fixed,
    });
    // The session may have ended while a sandbox was tried.
    if (this.#over) return start.remove();
    this.#places.add(start);
    if (start.unconfined !== undefined) {
      log.note(`turret: it runs without a sandbox: ${start.unconfined}`);
      this.#tell(name, `it runs without a sandbox: ${start.unconfined}`);
    }
    const [program = '', ...words] = start.command;
    const child = spawn(program, words, {
      cwd: start.directory,
      env: start.env,
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        'pipe',
        'pipe',
        ...(start.filter === undefined ? [] : ['pipe' as const]),
      ],
      detached: true,
    });
    child.on('error', (error) =>
      this.#failed(name, `the repeater "${name}" cannot be started: ${error.message}`, undefined),
    );
    if (child.pid === undefined) return; // there are no pipes either
    this.#children.set(child, name);
    for (const stream of [child.stdout, child.stderr]) log.follow(stream as Readable);
    // Who wrote sandbox: off knows it.
    if (config.command === undefined && config.sandbox !== 'off')
      tellOpening(child.stderr as Readable, (line) => this.#tell(name, line));
    child.on('exit', (code, signal) => {
      this.#children.delete(child);
      killGroup(child); // what it started without the SDK, which sees to that itself
      this.#broker.send({ type: 'repeater_exited', name, code, signal });
    });
    if (start.filter !== undefined) write(child, FILTER_FD, start.filter);
    write(child, SECRETS_FD, JSON.stringify(this.#secretsOf(config, start)));
    this.#broker.send({ type: 'repeater_started', name, pid: child.pid }, child.stdio[3] as Socket);
  }

  /** Once in a session, however often it is started. */
  #tell(name: string, line: string): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#surroundings.say(`repeater ${name}: ${visible(line)}`);
  }

  #logOf(name: string): RepeaterLog {
    const log =
      this.#logs.get(name) ??
      new RepeaterLog(join(this.#surroundings.stateDirectory, `repeater-${name}.log`));
    this.#logs.set(name, log);
    return log;
  }

  #secretsOf(config: RepeaterConfig, { directory, user, env }: RepeaterStart): RepeaterSecrets {
    const { kind } = config;
    const names = [...(BUILT_IN_REPEATERS[kind]?.env ?? []), ...(config.secrets ?? [])];
    const { variables = {}, instead = [] } = this.#surroundings.secrets.get(config.name) ?? {};
    // Another user looks for files of credentials at home, not in the places of whoever started the session.
    const given = pick(this.#surroundings.env, names);
    // What it starts, starts others: a profile of AWS names a program.
    if (given['PATH'] !== undefined)
      given['PATH'] = trustedPath(given['PATH'], this.#surroundings.agentWrites);
    for (const name of instead) delete given[name];
    for (const name of user === undefined ? [] : OF_THE_STARTER) delete given[name];
    if (user !== undefined && given['HOME'] !== undefined) given['HOME'] = env['HOME'] ?? directory;
    const siblings = Object.values(this.#surroundings.config.repeaters).filter(
      (other) => other.kind === kind && other.name !== config.name,
    );
    return {
      name: config.name,
      kind,
      config: asJson(config),
      env: { ...given, ...variables },
      directory,
      agent_writes: this.#surroundings.agentWrites,
      ...handoffFor(config, this.#surroundings),
      siblings: Object.fromEntries(siblings.map((other) => [other.name, asJson(other)])),
    };
  }

  #failed(name: string, message: string, hint: string | undefined): void {
    this.#broker.send({ type: 'repeater_failed', name, message, ...(hint === undefined ? {} : { hint }) });
  }
}

function write(child: ChildProcess, fd: number, bytes: string | Buffer): void {
  const pipe = child.stdio[fd] as Writable;
  // A repeater that dies before it has read them takes its end of the pipe with it.
  pipe.on('error', () => {});
  pipe.end(bytes);
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

function asJson(config: RepeaterConfig): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(withoutSources(config))) as { [key: string]: Json };
}
