// One session that is brought to a moment and held there: real processes, told apart by what they were started with.

import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type Ran, outcome } from '../helpers/broker-session.js';
import { type Process, descendants, stillRunning, until } from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';
import { leftOf, tryKill } from './fault.js';
import { type LogRecord, readLog } from './log.js';
import type { Moment, Row, Victim } from './matrix.js';

const FIXTURES = resolve('test/fixtures/faults');
const STREAMED_BYTES = 800_000;
const REACH_MS_MAX = 30_000;

/** Which process of a session is whom. The last one: a program may have wrappers, and they have its words, too. */
const WHO: Record<Exclude<Victim, 'supervisor'>, (command: string) => boolean> = {
  broker: (command) => command.includes('broker/main.cjs'),
  repeater: (command) => command.includes('gated.mjs'),
  program: (command) => command.includes('gate-program'),
  agent: (command) => /^\S*sh \.\/agent\.sh/.test(command),
  shim: (command) => command.startsWith('gate '),
  sandbox: (command) => /^\S*bwrap /.test(command),
};

export class Stage {
  readonly world: World;
  readonly turret: ChildProcess;
  readonly ended: Promise<Ran>;
  readonly #gates: string;
  readonly #moment: Moment;
  #seen: Process[] = [];

  constructor(moment: Moment, isolation: Row['isolation']) {
    this.#moment = moment;
    this.world = new World();
    this.#gates = join(this.world.root, 'gates');
    mkdirSync(this.#gates);
    writeFileSync(this.world.config, configOf(this.#gates));
    for (const name of ['agent.sh', 'steps.sh'])
      copyFileSync(join(FIXTURES, name), join(this.world.workspace, name));
    const level = isolation === 'none' ? 'none' : 'auto';
    this.turret = this.world.start(this.world.words(['sh', './agent.sh', moment], [`--isolation=${level}`]));
    this.ended = outcome(this.turret);
  }

  /** Resolves when the session is at its moment. */
  async reach(): Promise<void> {
    const over = this.ended.then(({ code, stderr }) => {
      throw new Error(`it ended with ${code} before it was ${this.#moment}: ${stderr}`);
    });
    await Promise.race([this.#come(), over]);
    this.#seen = descendants(this.turret.pid ?? 0);
  }

  async #come(): Promise<void> {
    if (this.#moment === 'queued') {
      await this.#here('decided');
      this.#touch('first');
      await this.#until(() =>
        this.log().some(({ type, argv }) => type === 'call.decided' && argv?.[0] === 'queued'),
      );
    } else if (this.#moment === 'streaming') {
      await this.#streams();
    } else if (this.#moment === 'closing') {
      await this.#streams();
      const agent = this.find('agent');
      this.signal('broker', 'SIGSTOP');
      this.#touch('leave');
      await this.#until(() => agent !== undefined && stillRunning([agent]).length === 0);
    } else {
      await this.#here(this.#moment);
    }
  }

  find(victim: Victim): Process | undefined {
    if (victim === 'supervisor') throw new TypeError('it is the process itself');
    const found = descendants(this.turret.pid ?? 0).filter(({ command }) => WHO[victim](command));
    // Two shims wait at once, and which has the greater number is chance: numbers begin again.
    const word = this.#moment === 'closing' ? 'streaming' : this.#moment;
    if (victim === 'shim') return found.find(({ command }) => command.endsWith(` ${word}`));
    return victim === 'program' ? found.at(-1) : found[0];
  }

  /** Of one process, by its id. Throws when there is none. */
  signal(victim: Victim, signal: NodeJS.Signals): void {
    const pid = victim === 'supervisor' ? this.turret.pid : this.find(victim)?.pid;
    if (pid === undefined) throw new Error(`there is no ${victim} when it is ${this.#moment}`);
    process.kill(pid, signal);
  }

  /** Lets the call go on that is held. */
  release(): void {
    for (const where of ['deciding', 'decided', 'ending'])
      writeFileSync(join(this.#gates, `${where}.go`), '');
  }

  /** Lets a stopped broker go on, if it still is there. */
  wake(): void {
    for (const { pid, command } of this.#seen) {
      if (WHO.broker(command)) tryKill(pid, 'SIGCONT');
    }
  }

  left(): Promise<string[]> {
    return leftOf(this.world, this.#seen);
  }

  /** Ids of the calls whose program was started. */
  ran(): string[] {
    const file = join(this.#gates, 'ran');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  log(): LogRecord[] {
    return readLog(this.world);
  }

  close(): void {
    this.world.close();
  }

  async #streams(): Promise<void> {
    const file = join(this.world.workspace, 'held.out');
    await this.#until(() => existsSync(file) && statSync(file).size >= STREAMED_BYTES);
  }

  #here(where: string): Promise<void> {
    return this.#until(() => existsSync(join(this.#gates, `${where}.here`)));
  }

  #touch(name: string): void {
    writeFileSync(join(this.world.workspace, name), '');
  }

  async #until(look: () => boolean): Promise<void> {
    await until(`it is ${this.#moment}`, look, REACH_MS_MAX);
  }
}

function configOf(gates: string): string {
  const command = [process.execPath, join(FIXTURES, 'gated.mjs'), gates];
  return `version: 1
extends: []
repeaters:
  echo: {}
  gate: { profile: binary, sandbox: off, tools: [gate], command: ${JSON.stringify(command)} }
rules: [{ id: all, allow: ["echo.**", "gate.**"] }]
`;
}
