// The supervisor's end of the broker process: start it, set it up, serve its wishes, end it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

import { installed } from '../installation.js';
import { TurretError } from '../errors.js';
import { BROKER_SEMI_SPACE_MIB, CLOSE_MS_MAX } from '../protocol/limits.js';
import type { AgentChange, BrokerSetup, FromBroker, SessionSummary, ToBroker } from '../protocol/control.js';
import { handOver } from './hand-over.js';

const ENTRY = installed('dist/src/broker/main.cjs');

export interface BrokerWishes {
  startRepeater(name: string): void;
  /** Its connection is over. */
  repeaterLost(name: string): void;
  revoked(reason: string): void;
  /** Of a server: to be on the disk before `stored` answers it. */
  store?(id: number, change: AgentChange): void;
  died(): void;
}

export class BrokerProcess {
  /** The keys it made for this session. Rejects with TurretError when it cannot start. */
  readonly ready: Promise<Extract<FromBroker, { type: 'ready' }>>;
  readonly #child: ChildProcess;
  #wishes: BrokerWishes | undefined;
  readonly #waiting = new Map<FromBroker['type'], (message: FromBroker) => void>();
  #fail: (error: TurretError) => void = () => {};
  #closing = false;
  #dead = false;
  #lastWords = '';

  constructor() {
    // No user environment, no terminal signals, no working directory of the agent.
    this.#child = spawn(process.execPath, [`--max-semi-space-size=${BROKER_SEMI_SPACE_MIB}`, ENTRY], {
      cwd: '/',
      env: { NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2_000);
    });
    this.#child.on('message', (message: FromBroker) => this.#message(message));
    this.#child.on('error', (error) => this.#gone(error));
    this.#child.on('exit', () => this.#gone(undefined));
    this.ready = this.#next('ready') as typeof this.ready;
    this.ready.catch(() => {}); // whoever waits for it does so later
  }

  /** Who sees to it from now on. It wishes for nothing before it is set up. */
  attend(wishes: BrokerWishes): void {
    this.#wishes = wishes;
  }

  /** What it wrote to stderr last; for the summary, not while the agent has the terminal. */
  get lastWords(): string {
    return this.#lastWords.trim();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the port the agent is met at, when it is not met at a path. */
  async setUp(setup: BrokerSetup): Promise<number | undefined> {
    const listening = this.#next('listening') as Promise<Extract<FromBroker, { type: 'listening' }>>;
    this.send(setup);
    return (await listening).port;
  }

  /** From now on calls come from this process namespace only, where that can be told. */
  async admitOnly(pidNamespace: string): Promise<void> {
    const admitting = this.#next('admitting');
    this.send({ type: 'agent_namespace', pid_namespace: pidNamespace });
    await admitting;
  }

  send(message: ToBroker, handle?: Socket): void {
    if (!this.#child.connected) return;
    // An error here is the broker's death, which `exit` reports.
    if (handle === undefined) this.#child.send(message, () => {});
    else handOver(this.#child, message, handle);
  }

  /** No new calls; whether those that run have ended within this time. */
  async drain(ms: number): Promise<boolean> {
    const drained = this.#next('drained').then(
      () => true,
      () => true,
    );
    this.send({ type: 'drain' });
    return (await Promise.race([drained, after(ms)])) ?? false;
  }

  /** Revokes, writes the final checkpoint. Undefined when the broker died or takes too long. */
  async close(exit: number): Promise<SessionSummary | undefined> {
    if (!this.#child.connected) return undefined;
    this.#closing = true;
    const closed = this.#next('closed') as Promise<Extract<FromBroker, { type: 'closed' }>>;
    this.send({ type: 'close', exit });
    const summary = await Promise.race([
      closed.then((message) => message.summary).catch(() => undefined),
      after(CLOSE_MS_MAX),
    ]);
    this.end();
    return summary;
  }

  /** Lets go of it; it ends by itself then. */
  end(): void {
    this.#closing = true;
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
    (this.#child.stderr as Socket | null)?.unref();
  }

  #next(type: FromBroker['type']): Promise<FromBroker> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(type, resolve);
      this.#fail = reject;
      if (this.#dead) reject(died(undefined));
    });
  }

  #message(message: FromBroker): void {
    if (message.type === 'failed') this.#fail(cannotStart(message));
    else if (message.type === 'start_repeater') this.#wishes?.startRepeater(message.name);
    else if (message.type === 'repeater_lost') this.#wishes?.repeaterLost(message.name);
    else if (message.type === 'store') this.#wishes?.store?.(message.id, message.change);
    else if (message.type === 'revoked') this.#wishes?.revoked(message.reason);
    else this.#waiting.get(message.type)?.(message);
  }

  #gone(error: Error | undefined): void {
    this.#dead = true;
    this.#fail(died(error));
    if (!this.#closing) this.#wishes?.died();
    this.#closing = true;
  }
}

function cannotStart({ message, hints }: Extract<FromBroker, { type: 'failed' }>): TurretError {
  return new TurretError('internal', `the broker cannot start: ${message}`, { hints });
}

function died(cause: Error | undefined): TurretError {
  return new TurretError('internal', 'the broker died', {
    cause,
    hints: ['start the session again; turret doctor looks for the reason'],
  });
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
