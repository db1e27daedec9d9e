// Standard output that does not come back through this process and the broker: `redact: off` says that nobody wants to look
// through it. A small program (pump.c) between the real one and the caller's shim counts it, ends it at its bound, and dies
// with the call.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { TurretError } from '../../../src/errors.js';
import {
  HANDOFF_NAME_BYTES,
  HANDOFF_TICKET_BYTES,
  HANDOFF_WAIT_MS_MAX,
  SOCKET_PATH_BYTES_MAX,
} from '../../../src/protocol/limits.js';
import type { HandoffPlace } from '../../../src/protocol/messages.js';
import type { RunningProgram } from '../running-program.js';
import type { RunResult } from '../types.js';

/** How it ends. */
const PAST_BOUND = 3;
const NOBODY = 4;
const CONTROL_FD = 3;
const LOOK = 'the call may have taken effect; look before you repeat it';

/** Of a call whose caller would take its output so, and whose repeater does not look through it. */
export interface HandoffOffer {
  /** What passes it on (pump.c): absolute. */
  pump: string;
  /** Of this repeater alone, HANDOFF_PLACE_BYTES; the caller finds it by its name. */
  directory: string;
  /** Tells the caller where this one is. */
  announce(place: HandoffPlace): void;
  /** How many bytes went there, known at the end. */
  passed(bytes: number): void;
}

export class Handoff {
  /** For the program's standard output, until `carry`. */
  readonly input: Writable;
  readonly #pump: ChildProcess;
  readonly #path: string;
  readonly #offer: HandoffOffer;
  readonly #ended: Promise<number>;

  private constructor(pump: ChildProcess, path: string, offer: HandoffOffer) {
    this.#pump = pump;
    this.#path = path;
    this.#offer = offer;
    this.input = pump.stdin as Writable;
    this.#ended = once(pump, 'close').then(([code]: unknown[]) => (typeof code === 'number' ? code : 1));
  }

  /**
   * @param bytesMax of output; what is past it ends the program
   * @returns undefined where it cannot be done: then output comes in frames
   */
  static async open(offer: HandoffOffer, bytesMax: number): Promise<Handoff | undefined> {
    const place = `${basename(offer.directory)}/`;
    const name =
      place +
      randomBytes(16)
        .toString('base64url')
        .slice(0, HANDOFF_NAME_BYTES - place.length);
    const path = join(dirname(offer.directory), name);
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) return undefined;
    const pump = spawn(offer.pump, [path, String(bytesMax), String(HANDOFF_WAIT_MS_MAX)], {
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    });
    pump.once('error', () => {});
    if (pump.pid === undefined) return undefined;
    const handoff = new Handoff(pump, path, offer);
    const ticket = randomBytes(HANDOFF_TICKET_BYTES);
    if (!(await handoff.#begin(ticket))) {
      handoff.kill();
      return undefined;
    }
    offer.announce({ name, ticket: ticket.toString('base64url') });
    return handoff;
  }

  /** The program has `input` as its output; what it prints is the caller's from here on. */
  carry(program: RunningProgram): RunningProgram {
    // Ours would keep the pump waiting for more.
    this.input.destroy();
    void this.#ended.then((code) => code !== 0 && program.kill('KILL'));
    return {
      stdin: program.stdin,
      stdout: null,
      stderr: program.stderr,
      ended: program.ended.then((result) => this.#end(result)),
      kill: (signal) => {
        program.kill(signal);
        if (signal === 'KILL') this.kill();
      },
    };
  }

  kill(): void {
    this.input.destroy();
    this.#pump.kill('SIGKILL');
    // It takes its socket away when it has its caller.
    rmSync(this.#path, { force: true });
  }

  async #begin(ticket: Buffer): Promise<boolean> {
    const control = this.#control;
    // A pump that could not begin does not read it.
    control.on('error', () => {});
    this.input.on('error', () => {});
    control.write(ticket);
    const listening = new Promise<boolean>((resolve) => {
      const lines = createInterface({ input: control });
      lines.once('close', () => resolve(false));
      lines.on('line', (line) => {
        if (line === 'listening') resolve(true);
        else this.#offer.passed(Number(line));
      });
    });
    return await listening;
  }

  get #control(): Socket {
    return this.#pump.stdio[CONTROL_FD] as Socket;
  }

  // What it left behind may hold its output open: what is there now is all that is the call's.
  async #end(result: RunResult): Promise<RunResult> {
    this.#control.end();
    const code = await this.#ended;
    if (code === PAST_BOUND)
      throw new TurretError('output_limit', 'the command wrote more than it may and was ended');
    // By then it may have done all it was to do: a caller that stays away must not make that a failure in the log.
    if (code === NOBODY)
      throw new TurretError('cancelled', 'nobody came for the output that was handed over', {
        hints: [LOOK],
      });
    if (code !== 0)
      throw new TurretError('repeater_crashed', 'the output that was handed over broke off', {
        hints: [LOOK],
      });
    return result;
  }
}
