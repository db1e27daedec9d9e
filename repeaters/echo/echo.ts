// The protocol's test bed: actions that do nothing but use every part of a call. No credential, no network, no files.

import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { TurretError } from '../../src/errors.js';
import type { Annotations, JsonObject, Params, RegisteredAction } from '../../src/protocol/messages.js';
import type { Repeater, RepeaterSecrets, Run, RunResult } from '../sdk/types.js';

const HARMLESS: Partial<Annotations> = {
  readOnly: true,
  destructive: false,
  idempotent: true,
  openWorld: false,
};
const BLOCK = Buffer.alloc(65_536, 'x');

type Perform = (run: Run, params: Params) => Promise<number>;

const PERFORM: Record<
  string,
  { describe: Omit<RegisteredAction, 'name' | 'annotations'>; perform: Perform }
> = {
  say: {
    describe: { title: 'Say a text', params: only({ text: { type: 'string', maxLength: 65_536 } }) },
    perform: (run, { text }) => put(run.stdout, `${String(text)}\n`),
  },
  stderr: {
    describe: {
      title: 'Say a text on stderr',
      params: only({ text: { type: 'string', maxLength: 65_536 } }),
    },
    perform: (run, { text }) => put(run.stderr, `${String(text)}\n`),
  },
  cat: {
    describe: { title: 'Say what comes in on stdin', params: only({}), stdin: true },
    perform: async (run) => {
      await pipeline(run.stdin, run.stdout, { end: false });
      return 0;
    },
  },
  fail: {
    describe: {
      title: 'End with an exit code',
      params: only({ exit: { type: 'integer', minimum: 0, maximum: 255 } }),
    },
    perform: (_, { exit }) => Promise.resolve(Number(exit)),
  },
  slow: {
    describe: {
      title: 'Wait, then say so',
      params: only({ ms: { type: 'integer', minimum: 0, maximum: 3_600_000 } }),
    },
    perform: async (run, { ms }) => {
      await sleep(Number(ms), undefined, { signal: run.signal });
      return put(run.stdout, 'done\n');
    },
  },
  flood: {
    describe: {
      title: 'Say so many bytes',
      params: only({ bytes: { type: 'integer', minimum: 0, maximum: 1_099_511_627_776 } }),
    },
    perform: async (run, { bytes }) => {
      for (let left = Number(bytes); left > 0 && !run.signal.aborted; left -= BLOCK.length) {
        await put(run.stdout, BLOCK.subarray(0, Math.min(left, BLOCK.length)));
      }
      return 0;
    },
  },
};

export function createEcho({ name }: RepeaterSecrets): Repeater {
  return {
    version: '1.0.0',
    // Its calls cost nothing but memory: as many as the protocol allows at once.
    concurrency: 1024,
    tools: [],
    actions: Object.entries(PERFORM).map(([words, { describe }]) => ({
      name: words,
      annotations: HARMLESS,
      ...describe,
    })),
    run: (run) => perform(run, name),
  };
}

async function perform(run: Run, name: string): Promise<RunResult> {
  const { action = '', params = {} } = run.capabilities[0] ?? {};
  const words = action.slice(name.length + 1);
  const known = action.startsWith(`${name}.`) && Object.hasOwn(PERFORM, words) ? PERFORM[words] : undefined;
  if (known === undefined || run.capabilities.length !== 1)
    throw new TurretError('no_such_action', `there is no action "${action}"`);
  return { exit: await known.perform(run, params) };
}

/** Params that must all be there, and no other. */
function only(properties: JsonObject): JsonObject {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

// Waits until the bytes are with the reader, as far as credit goes; a reader that left is nobody's error.
function put(to: Writable, bytes: string | Buffer): Promise<number> {
  return new Promise((resolve) => {
    if (to.destroyed) return resolve(0);
    const done = (): void => {
      to.off('close', done);
      resolve(0);
    };
    to.on('close', done);
    to.write(bytes, done);
  });
}
