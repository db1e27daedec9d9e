// Starts the program that reads an SQLite file, once for each statement: a process can be ended where a library cannot, and
// what a file of a stranger's or a statement of an agent's may do to the library stays in there. It has no network and sees
// no file but Node, Turret and the database.

import { realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { TurretError } from '../../../src/errors.js';
import { installed } from '../../../src/installation.js';
import { DB_LOCK_MS_MAX } from '../../../src/protocol/limits.js';
import { runCli } from '../../sdk/cli-process.js';
import { CLI_PATH } from '../../sdk/find-cli.js';
import { CliSandbox } from '../../sdk/sandbox/cli-sandbox.js';
import { type Opening, type SandboxMode, openingLine } from '../../sdk/sandbox/opening.js';
import {
  BOUNDED,
  type PreparedCli,
  askInside,
  openingOf,
  refuse,
  requireBubblewrap,
} from '../../sdk/sandbox/prepare-cli.js';
import type { Run } from '../../sdk/types.js';
import type { SqliteDatabase } from '../databases.js';
import type { Outcome, Statement } from '../perform.js';
import { ENDS, type Errand } from './errand.js';
import { filesOf, noDatabase } from './files.js';

const QUERY = installed('dist/repeaters/db/sqlite/query.js');
const TRUE = '/usr/bin/true';
const HEAP_MIB_MAX = 512;
const NAME = { tool: 'SQLite program' };

interface Parts {
  /** Private. */
  directory: string;
  /** Real paths of what the agent may write. */
  agentWrites: readonly string[];
  /** Absolute path of the module. */
  library: string;
}

export class SqliteProgram {
  readonly #parts: Parts;
  readonly #confine: PreparedCli['confine'];

  private constructor(parts: Parts, confine: PreparedCli['confine']) {
    this.#parts = parts;
    this.#confine = confine;
  }

  /**
   * Shut in if this machine can; else whoever started the session is told.
   * @param directory private
   * @throws TurretError `repeater_unavailable`
   */
  static async prepare({
    mode,
    ...places
  }: { mode: SandboxMode } & Omit<Parts, 'library'>): Promise<SqliteProgram> {
    const parts = { ...places, library: libraryHere() };
    const made = mode === 'off' ? OFF : await shutIn(parts).catch(openingOf);
    if (typeof made === 'function') return new SqliteProgram(parts, made);
    process.stderr.write(openingLine(NAME.tool, made, mode));
    return new SqliteProgram(parts, mode === 'required' ? () => refuse(NAME, made) : () => BOUNDED);
  }

  /** @throws TurretError `repeater_error`, or `cancelled` when its signal said so */
  async run(run: Run, database: SqliteDatabase, { writes, ...statement }: Statement): Promise<Outcome> {
    const { library, directory, agentWrites } = this.#parts;
    const { readable, writable, check, ...where } = filesOf(database, { writes, agentWrites });
    // The rest of its time is for what it is to do.
    const lockMs = Math.min(DB_LOCK_MS_MAX, Math.ceil(database.statementMs / 2));
    const errand: Errand = { ...statement, ...where, library, writes, lockMs };
    const place = await mkdtemp(join(directory, 'query-'));
    const stderr = new PassThrough();
    const said = text(stderr);
    try {
      const { exit } = await runCli(
        { ...run, stderr },
        {
          path: realpathSync(process.execPath),
          argv: [`--max-old-space-size=${HEAP_MIB_MAX}`, QUERY],
          cwd: place,
          env: { PATH: CLI_PATH, HOME: place, TMPDIR: place, LC_ALL: 'C.UTF-8', NODE_ENV: 'production' },
          confinement: this.#confine({ place, readable, writable }),
          handed: [errand],
        },
      );
      stderr.end();
      check();
      return outcomeOf(exit, { alias: database.alias, said: await said });
    } finally {
      stderr.end();
      await rm(place, { recursive: true, force: true });
    }
  }
}

const OFF: Opening = { why: 'turret.yaml says sandbox: off', hint: 'sandbox: auto' };

/** An optional dependency: there are machines that it is not built for. */
function libraryHere(): string {
  try {
    return fileURLToPath(import.meta.resolve('@photostructure/sqlite'));
  } catch (cause) {
    throw new TurretError('repeater_unavailable', 'the library that reads SQLite files is not installed', {
      cause,
      hints: [
        'npm install @photostructure/sqlite; it is there for Linux, macOS and Windows on x64 and arm64',
      ],
    });
  }
}

async function shutIn({ directory, library }: Parts): Promise<PreparedCli['confine']> {
  const sandbox = new CliSandbox({
    bubblewrap: requireBubblewrap(),
    program: realpathSync(process.execPath),
    path: CLI_PATH,
    network: undefined,
    ownExits: [],
  });
  const loader = createRequire(library).resolve('node-gyp-build');
  const own = [QUERY, installed('package.json'), packageOf(library), packageOf(loader)];
  const confine: PreparedCli['confine'] = (call) =>
    sandbox.confine({ ...call, readable: [...(call.readable ?? []), ...own] });
  const tried = askInside((call) => confine({ ...call, programs: [TRUE] }));
  await tried(TRUE, [], { cwd: directory, env: {} });
  return confine;
}

function packageOf(file: string): string {
  const [, directory = dirname(file)] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  return directory;
}

function outcomeOf(exit: number, { alias, said }: { alias: string; said: string }): Outcome {
  switch (exit) {
    case ENDS.done:
      return { cut: undefined };
    case ENDS.failed:
      return { failed: said };
    case ENDS.asked:
      return { cut: 'asked' };
    case ENDS.rows:
      return { cut: 'rows' };
    case ENDS.bytes:
      return { cut: 'bytes' };
    case ENDS.noDatabase:
      throw noDatabase(alias);
    case ENDS.locked:
      throw new TurretError('repeater_error', `somebody else keeps the database "${alias}" locked`, {
        hints: ['nothing was done; ask again'],
      });
    case ENDS.exchanged:
      throw new TurretError(
        'repeater_error',
        `the files of the database "${alias}" were exchanged as it was opened`,
        {
          hints: ['nothing was done; ask again'],
        },
      );
    case ENDS.unopened:
      throw new TurretError('repeater_error', `the file of the database "${alias}" cannot be opened`, {
        hints: ['its log was not ended well: open it once with the program that writes it'],
      });
    default:
      process.stderr.write(`turret: the program that reads "${alias}" ended with ${exit}: ${said}\n`);
      throw new TurretError(
        'repeater_error',
        `the program that reads the database "${alias}" ended before its time`,
        {
          hints: [
            'it took too much memory, or the file is damaged: ask for less at once; the log of the repeater says more',
          ],
        },
      );
  }
}
