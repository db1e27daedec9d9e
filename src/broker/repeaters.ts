// All configured repeaters: who owns what, started on first use, given up on when they keep dying.
// The broker cannot start a process that gets a secret; it asks the supervisor, which hands back a socket.

import type { Socket } from 'node:net';

import { TurretError } from '../errors.js';
import type { RepeaterEntry } from '../protocol/control.js';
import { REPEATER_CRASHES_MAX, REPEATER_START_MS_MAX } from '../protocol/limits.js';
import type { Register } from '../protocol/messages.js';
import { RepeaterLink } from './repeater-link.js';

const CRASHES_MS = 60_000;

export interface RepeaterEvents {
  start(name: string): void;
  registered(name: string, register: Register): void;
  /** Its connection ended or was ended. */
  lost(name: string): void;
}
export interface ReadyRepeater {
  link: RepeaterLink;
  register: Register;
}
interface Waiting {
  resolve(link: RepeaterLink): void;
  reject(error: TurretError): void;
}
interface Slot {
  entry: RepeaterEntry;
  link: RepeaterLink | undefined;
  starting: Promise<RepeaterLink> | undefined;
  waiting: Waiting | undefined;
  crashedAtMs: number[];
}

export class Repeaters {
  readonly #slots = new Map<string, Slot>();
  readonly #events: RepeaterEvents;
  readonly #monotonicMs: () => number;

  constructor(entries: RepeaterEntry[], events: RepeaterEvents, monotonicMs: () => number) {
    this.#events = events;
    this.#monotonicMs = monotonicMs;
    for (const entry of entries) {
      this.#slots.set(entry.name, {
        entry,
        link: undefined,
        starting: undefined,
        waiting: undefined,
        crashedAtMs: [],
      });
    }
  }

  names(): string[] {
    return [...this.#slots.keys()];
  }

  tools(): string[] {
    return [...new Set([...this.#slots.values()].flatMap(({ entry }) => entry.tools))];
  }

  /** The repeater a command line of this tool goes to first. */
  ownerOfTool(tool: string): string {
    for (const [name, { entry }] of this.#slots) if (entry.tools.includes(tool)) return name;
    throw new TurretError('no_such_action', `no repeater serves the command "${tool}"`, {
      hints: [`this session serves: ${this.tools().join(', ') || 'no command at all'}`],
    });
  }

  serves(name: string, tool: string): boolean {
    return this.#slots.get(name)?.entry.tools.includes(tool) ?? false;
  }

  has(name: string): boolean {
    return this.#slots.has(name);
  }

  kindOf(name: string): string {
    return this.#slots.get(name)?.entry.kind ?? name;
  }

  /** The repeater, started and registered. Rejects with repeater_unavailable or repeater_crashed. */
  async ensure(name: string): Promise<ReadyRepeater> {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new TurretError('no_such_action', `there is no repeater "${name}"`);
    if (slot.link?.alive !== true) {
      slot.starting ??= this.#start(slot).finally(() => {
        slot.starting = undefined;
      });
      slot.link = await slot.starting;
    }
    return { link: slot.link, register: await slot.link.ready };
  }

  /** The supervisor started it; this is our end of its fd 3. */
  attach(name: string, socket: Socket): void {
    const slot = this.#slots.get(name);
    if (slot?.waiting === undefined) {
      socket.destroy();
      this.#events.lost(name);
      return;
    }
    const link = new RepeaterLink(name, socket, {
      registered: (register) => this.#events.registered(name, register),
      lost: () => {
        slot.crashedAtMs.push(this.#monotonicMs());
        this.#events.lost(name);
      },
    });
    slot.waiting.resolve(link);
    slot.waiting = undefined;
  }

  failed(name: string, message: string, hint: string | undefined): void {
    const slot = this.#slots.get(name);
    slot?.waiting?.reject(
      new TurretError('repeater_unavailable', message, hint === undefined ? {} : { hints: [hint] }),
    );
    if (slot !== undefined) slot.waiting = undefined;
  }

  close(): void {
    for (const { link } of this.#slots.values()) link?.close();
  }

  #start(slot: Slot): Promise<RepeaterLink> {
    const { name } = slot.entry;
    const minuteAgo = this.#monotonicMs() - CRASHES_MS;
    slot.crashedAtMs = slot.crashedAtMs.filter((at) => at > minuteAgo);
    if (slot.crashedAtMs.length >= REPEATER_CRASHES_MAX) return Promise.reject(this.#givenUp(slot));
    return new Promise<RepeaterLink>((resolve, reject) => {
      const timer = setTimeout(
        () => this.failed(name, `the repeater "${name}" did not start`, 'turret doctor says more'),
        REPEATER_START_MS_MAX,
      );
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          done(value);
        };
      slot.waiting = { resolve: settle(resolve), reject: settle(reject) };
      this.#events.start(name);
    });
  }

  // Closed again by time alone: the first of those crashes is a minute old then.
  #givenUp({ entry: { name }, crashedAtMs }: Slot): TurretError {
    const waitMs = (crashedAtMs.at(-REPEATER_CRASHES_MAX) ?? 0) + CRASHES_MS - this.#monotonicMs();
    return new TurretError(
      'repeater_unavailable',
      `the repeater "${name}" died ${crashedAtMs.length} times within a minute`,
      {
        hints: [
          `it is started again in ${Math.ceil(waitMs / 1_000)} s at the earliest; its log is in the session directory (turret audit list)`,
        ],
      },
    );
  }
}
