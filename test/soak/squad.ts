// Agents of one user, in one session after the other: when one has ended, whatever was the cause, the next begins.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { leftOf } from '../faults/fault.js';
import { type Ran, outcome } from '../helpers/broker-session.js';
import { type Process, descendants } from '../helpers/processes.js';
import type { World } from '../helpers/turret-world.js';
import { endsASession, type Victim, VICTIMS } from './victims.js';

const FIXTURES = resolve('test/fixtures/soak');

/** How a session ended, and what was killed to end it. */
export interface Ended {
  victim: Victim | undefined;
  run: number | string;
  left: string[];
  stderr: string;
}

export class Squad {
  readonly world: World;
  readonly name: string;
  /** Nothing is killed here that would end the session: its broker lives from the first minute to the last. */
  readonly isSteady: boolean;
  readonly agents: number;
  readonly ended: Ended[] = [];
  readonly #over: Promise<void>;
  #turret: number | undefined;
  #processes: Process[] = [];
  #struck: Victim | undefined;
  #isStopping = false;

  constructor(world: World, { name, agents, isSteady }: { name: string; agents: number; isSteady: boolean }) {
    this.world = world;
    this.name = name;
    this.agents = agents;
    this.isSteady = isSteady;
    for (const file of ['agent.mjs', 'crew.sh'])
      copyFileSync(join(FIXTURES, file), join(world.workspace, file));
    this.#over = this.#sessions();
  }

  /** What runs of the session now, its supervisor first. */
  look(): Process[] {
    const pid = this.#turret;
    if (pid === undefined) return [];
    this.#processes = [{ pid, parent: process.pid, ticks: '', command: 'supervisor' }, ...descendants(pid)];
    return this.#processes;
  }

  /** Kills one of them, if there is such a one and it may be killed. */
  strike(victim: Victim, choose: (count: number) => number): boolean {
    const isFatal = endsASession(victim, this.isSteady);
    if (this.#struck !== undefined || this.#isStopping || (isFatal && this.isSteady)) return false;
    const all = this.look().filter(({ command }) => VICTIMS[victim].is(command));
    // An agent that starts a program is there twice for a moment, and only one of them is it.
    const found =
      victim === 'agent' ? all.filter(({ parent }) => !all.some(({ pid }) => pid === parent)) : all;
    const one = found[choose(found.length)];
    if (one === undefined) return false;
    if (isFatal) this.#struck = victim;
    try {
      process.kill(one.pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
      this.#struck = undefined;
      return false;
    }
    return true;
  }

  /** Tells the agents to end, and waits until everything has. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    writeFileSync(join(this.world.workspace, 'stop'), '');
    await this.#over;
  }

  async #sessions(): Promise<void> {
    while (!this.#isStopping) {
      const { code, signal, stderr } = await this.#session();
      const left = await leftOf(this.world, this.#processes.slice(1));
      this.ended.push({ victim: this.#struck, run: signal ?? code ?? -1, left, stderr });
      this.#struck = undefined;
    }
  }

  #session(): Promise<Ran> {
    const command = this.isSteady
      ? ['sh', './crew.sh', process.execPath, String(this.agents)]
      : [process.execPath, 'agent.mjs', 'agent-1'];
    // In a process group of its own: ^C is for us, and we end it. If we are killed, so is it.
    const words = ['/usr/bin/setpriv', '--pdeathsig', 'KILL', ...this.world.words(command)];
    const turret = this.world.start(words, { detached: true });
    this.#turret = turret.pid;
    return outcome(turret);
  }
}
