// Runs one case through the real path and looks everywhere an attack may have left something.

import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { AuditRecord } from '../helpers/turret.js';
import type { AttackCase } from './case.js';
import { hostileFiles } from './hostile-files.js';
import type { Attacker, Visit } from './listener.js';
import { commandsOf, type TruePlaces } from './os-commands.js';
import { type GuardedSession, parseRecords } from './session.js';
import type { SocketWorld, Tried } from './socket-world.js';
import type { Upstream } from './upstream.js';
import { changedFiles, giveTo, placeFiles, surroundings } from './user-home.js';

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Observation {
  readonly one: AttackCase;
  readonly said: readonly Said[];
  /** Of a socket case. */
  readonly tried: readonly Tried[];
  /** New lines of the log. */
  readonly audit: string;
  readonly records: readonly AuditRecord[];
  /** Files of the agent that are new or changed: name and content. */
  readonly files: ReadonlyMap<string, string>;
  /** Files outside of the workspace that are not as they were. */
  readonly changed: readonly string[];
  readonly visits: readonly Visit[];
  /** Requests that AWS or GitHub took for the user's. */
  readonly upstream: ReturnType<Upstream['verified']>;
  /** The next call: how long it took and how it ended; undefined when nobody answered. */
  readonly next: { readonly ms: number; readonly end: string } | undefined;
  /** The agent is dead, or never ran it. */
  readonly failed: string | undefined;
  readonly ms: number;
}

export interface GuardedWorld {
  readonly session: GuardedSession;
  readonly upstream: Upstream;
  readonly attacker: Attacker;
  readonly owner: number | undefined;
  readonly places: () => TruePlaces;
  readonly other: () => Promise<SocketWorld['other']>;
}

const NEXT_MS_MAX = 1_000;
const SECONDS_MAX = 30;
/** Of what would never end. */
const SECONDS_ENDLESS = 4;
const FILE_BYTES_MAX = 1 << 20;

export async function runGuarded(one: AttackCase, world: GuardedWorld): Promise<Observation> {
  const { session, upstream, attacker, owner } = world;
  const directory = path.join(session.workspace, one.id);
  const placed = prepare(directory, one, owner);
  upstream.prepare(one);
  session.newAuditText();
  const before = surroundings();
  const ownBefore = contents(directory);
  const visitsBefore = attacker.visits.length;
  const started = Date.now();
  const { said, tried, failed } = await attack(one, world).catch((error: unknown) => ({
    said: [],
    tried: [],
    failed: String(error),
  }));
  const requests = upstream.verified();
  const ms = Date.now() - started;
  const next = await nextCall(session);
  const audit = session.newAuditText();
  const files = new Map([...contents(directory)].filter(([file, text]) => ownBefore.get(file) !== text));
  for (const { file, text } of await inside(session)) files.set(file, text);
  const changed = changedFiles(before, surroundings()).filter((file) => !placed.includes(file));
  for (const file of placed) rmSync(file, { force: true });
  const visits = attacker.visits.slice(visitsBefore);
  return {
    one,
    said,
    tried,
    audit,
    records: parseRecords(audit),
    files,
    changed,
    visits,
    upstream: requests,
    next,
    failed,
    ms,
  };
}

function prepare(directory: string, one: AttackCase, owner: number | undefined): string[] {
  mkdirSync(directory, { recursive: true });
  if (one.category !== 'benign') placeFiles(directory, hostileFiles(directory));
  else if (one.argv.includes('./note.md')) placeFiles(directory, { 'note.md': 'a note\n' });
  const placed = placeFiles(directory, one.files ?? {});
  if (owner !== undefined) giveTo(owner, directory);
  return placed;
}

type Attacked = Pick<Observation, 'said' | 'tried' | 'failed'>;

async function attack(one: AttackCase, world: GuardedWorld): Promise<Attacked> {
  if (one.tool === 'socket') return attackSocket(one, world);
  const said: Said[] = [];
  for (const step of commands(one, world))
    said.push(...(await Promise.all(step.map((command) => command()))));
  return { said, tried: [], failed: undefined };
}

type Command = () => Promise<Said>;

/** One step after the other; what is in one step runs at once. */
function commands(one: AttackCase, world: GuardedWorld): Command[][] {
  if (one.tool === 'os') {
    const script = one.argv[2] ?? '';
    return commandsOf(script, world.places()).map((text) => [
      () => runProgram(one, world, ['sh', '-c', text]),
    ]);
  }
  const times = one.setup?.startsWith('repeat') === true ? REPEATS : 1;
  return [Array.from({ length: times }, () => () => runTool(one, world))];
}

/** Of "repeat 1000": as many as there is time for, all at once. */
const REPEATS = 20;

async function runTool(one: AttackCase, world: GuardedWorld): Promise<Said> {
  const { tool, argv } = one;
  // No command line holds a NUL: only somebody who speaks to the socket himself can ask for it.
  if (argv.some((word) => word.includes('\0'))) return rawCall(one, world);
  return runProgram(one, world, [tool, ...argv]).catch((error: unknown) => {
    if (/E2BIG/.test(String(error))) return rawCall(one, world);
    throw error;
  });
}

async function runProgram(
  one: AttackCase,
  { session }: GuardedWorld,
  words: readonly string[],
): Promise<Said> {
  const endless = /--follow|start-live-tail|\/dev\/zero|mkfifo|\bnc\b/.test(words.join(' ').slice(0, 500));
  const limit = endless ? SECONDS_ENDLESS : SECONDS_MAX;
  const stdin = one.stdin ?? (one.argv.includes('-') ? 'body from stdin\n' : undefined);
  const outcome = await session.run(['/usr/bin/timeout', '-k', '1', String(limit), ...words], {
    cwd: one.id,
    ...(one.env === undefined ? {} : { env: one.env }),
    ...(stdin === undefined ? {} : { stdin }),
  });
  return {
    code: outcome.code,
    stdout: outcome.stdout.toString('latin1'),
    stderr: outcome.stderr.toString('latin1'),
  };
}

/** The same words as a call on the socket. */
async function rawCall({ tool, argv }: AttackCase, { session }: GuardedWorld): Promise<Said> {
  const request = { tool, argv, cwd: '/', facts: {} };
  const { stdout } = await session.run(['@call', JSON.stringify(request)]);
  const end = JSON.parse(stdout.toString()) as { ok?: boolean; exit?: number };
  return { code: end.ok === true ? (end.exit ?? 0) : 126, stdout: '', stderr: stdout.toString() };
}

async function attackSocket({ id }: AttackCase, { session, other }: GuardedWorld): Promise<Attacked> {
  const { stdout } = await session.run(['@attack', id, JSON.stringify({ other: await other() })]);
  const tried: Tried[] = JSON.parse(stdout.toString());
  return { said: [], tried, failed: undefined };
}

/** Asked twice when it is slow: this machine may be busy with something else for a moment. */
async function nextCall(session: GuardedSession): Promise<Observation['next']> {
  const first = await ask(session);
  return first === undefined || first.ms <= NEXT_MS_MAX ? first : ask(session);
}

async function ask(session: GuardedSession): Promise<Observation['next']> {
  try {
    const { stdout } = await session.run(['@honest']);
    const { ms, end } = JSON.parse(stdout.toString()) as { ms: number; end: { error?: { name?: string } } };
    return { ms, end: end.error?.name ?? JSON.stringify(end) };
  } catch {
    // The agent or its broker is gone.
    return undefined;
  }
}

async function inside(session: GuardedSession): Promise<{ file: string; text: string }[]> {
  try {
    const { stdout } = await session.run(['@files']);
    const found: { file: string; text: string }[] = JSON.parse(stdout.toString());
    return found.map(({ file, text }) => ({ file, text: Buffer.from(text, 'base64').toString('latin1') }));
  } catch {
    // As above; it is told there.
    return [];
  }
}

/** Every file below the directory. */
function contents(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  const look = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const file = path.join(at, entry.name);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isDirectory() === true) look(file);
      else if (stat?.isSymbolicLink() === true) found.set(file, readlinkSync(file));
      else if (stat?.isFile() === true && stat.size <= FILE_BYTES_MAX)
        found.set(file, readFileSync(file, 'latin1'));
    }
  };
  look(directory);
  return found;
}
