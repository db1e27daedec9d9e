// Where the streams of a fork come in: Node can neither send descriptors to a process nor make a pair of sockets for one
// that is there already, so the fork connects to us, before it gives up the right to. The socket lies among the private
// places of the calls, which no program of a call can see but its own.
//
// Who is attacking: nobody yet. What connects is our own code, which has read nothing of an agent's; a name that is not
// expected gets nothing all the same.

import { randomBytes } from 'node:crypto';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { TurretError } from '../../../src/errors.js';
import { CLI_FORK_MS_MAX } from '../../../src/protocol/limits.js';

const NAME_BYTES = 32;
/** What `sun_path` holds. */
const PATH_BYTES_MAX = 107;

const CHANNELS = { c: 'control', r: 'request', i: 'stdin', o: 'stdout', e: 'stderr' } as const;
type Letter = keyof typeof CHANNELS;
/** `control`: signals to the fork, its end from there. `request`: that it is shut in, and then what it is to run. */
export type ForkStreams = Record<(typeof CHANNELS)[Letter], Socket>;

interface Expected {
  streams: Partial<ForkStreams>;
  complete: (streams: ForkStreams) => void;
}

export class ForkDoor {
  readonly path: string;
  readonly #server: Server;
  readonly #expected = new Map<string, Expected>();

  /** @param calls directory, private to this user */
  private constructor(calls: string) {
    this.path = join(calls, `.${randomBytes(6).toString('hex')}`);
    this.#server = createServer((socket) => this.#greet(socket));
  }

  /** @throws TurretError `isolation_unavailable` */
  static async open(calls: string): Promise<ForkDoor> {
    const door = new ForkDoor(calls);
    if (Buffer.byteLength(door.path) > PATH_BYTES_MAX)
      throw new TurretError(
        'isolation_unavailable',
        'the directory of the calls has too long a path for a socket',
      );
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', reject).listen(door.path, resolve);
    });
    // It is no reason for this process to live.
    door.#server.unref();
    return door;
  }

  /** A name for a fork, and its streams once they have all come. Rejects with TurretError `repeater_error` when they do not. */
  expect(): { name: string; streams: Promise<ForkStreams> } {
    const name = randomBytes(NAME_BYTES / 2).toString('hex');
    const streams = new Promise<ForkStreams>((resolve, reject) => {
      const expected: Expected = {
        streams: {},
        complete: (all) => {
          clearTimeout(timer);
          this.#expected.delete(name);
          resolve(all);
        },
      };
      const timer = setTimeout(() => {
        this.#expected.delete(name);
        for (const socket of Object.values(expected.streams)) socket.destroy();
        reject(new TurretError('repeater_error', 'a fork of the zygote did not connect'));
      }, CLI_FORK_MS_MAX);
      this.#expected.set(name, expected);
    });
    return { name, streams };
  }

  close(): void {
    this.#server.close();
  }

  #greet(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const read = (): void => {
      const head = socket.read(NAME_BYTES + 1) as Buffer | null;
      if (head === null) return;
      socket.off('readable', read);
      this.#assign(socket, head.toString('latin1'));
    };
    socket.on('readable', read);
  }

  #assign(socket: Socket, head: string): void {
    const expected = this.#expected.get(head.slice(0, NAME_BYTES));
    const channel = CHANNELS[head.slice(NAME_BYTES) as Letter] as keyof ForkStreams | undefined;
    if (expected === undefined || channel === undefined || expected.streams[channel] !== undefined)
      return void socket.destroy();
    expected.streams[channel] = socket;
    if (isComplete(expected.streams)) expected.complete(expected.streams);
  }
}

const isComplete = (streams: Partial<ForkStreams>): streams is ForkStreams =>
  Object.values(CHANNELS).every((channel) => streams[channel] !== undefined);
