// The probe, outside or under `turret run`: one session makes all attempts, is robbed of its token, and is killed.

import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { outcome } from '../helpers/broker-session.js';
import { type Process, allGone, descendants, processes, processesWith, until } from '../helpers/processes.js';
import type { Host } from './host.js';
import { type Outcome, type Try, type Works, tried } from './result.js';
import type { Level } from '../../src/isolation/levels.js';

const PYTHON = '/usr/bin/python3';
/** The rows that the probe knows. */
const PROBED = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 19];
const UNMOUNTING = 9;
const START_MS_MAX = 90_000;
/** How long what a session left has to end. */
const END_MS_MAX = 15_000;

interface Report {
  tries: Try[];
  works: Works;
}

export function modeOf(level: Level): string {
  return `--isolation=${level}`;
}

/** The same attempts by the same user, without Turret. */
export async function control(host: Host): Promise<Outcome> {
  const orphan = marker();
  const targets = await place(host, { rows: PROBED, turret: [], orphan });
  const child = host.login([PYTHON, path.join(host.world.workspace, 'probe.py'), targets]);
  const { tries } = await reportOf(host, child);
  const survived = await survives(child, orphan, 500);
  // Something to lift: HOME is covered, by one who may do that.
  const covered = await place(host, { rows: [UNMOUNTING], turret: [], orphan: null });
  const unshare = host.user.uid === undefined ? ['-m'] : ['-Urm'];
  const script = 'mount -t tmpfs none "$0" && exec "$@"';
  const words = [
    'unshare',
    ...unshare,
    'sh',
    '-c',
    script,
    host.world.home,
    PYTHON,
    path.join(host.world.workspace, 'probe.py'),
    covered,
  ];
  const lifting = host.start(words, 'ignore');
  const lifted = await reportOf(host, lifting);
  lifting.kill('SIGKILL');
  restore(host);
  return { user: host.user.name, level: 'outside', tries: [...tries, survived, ...lifted.tries], works: {} };
}

/** All attempts of the probe in one session of this level. */
export async function attempt(host: Host, level: Level): Promise<Outcome> {
  const orphan = marker();
  const targets = targetsPath(host);
  rmSync(targets, { force: true });
  const options = [modeOf(level), '-q'];
  // It may be the policy in the workspace that this level cannot keep from the agent, or all that there is.
  const refusal = await refusalOf(host, host.words(['true'], options));
  const absent = refusal && (await refusalOf(host, host.world.words(['true'], options)));
  if (absent !== undefined) return { user: host.user.name, level, tries: [], works: {}, absent };
  const command = [PYTHON, path.join(host.world.workspace, 'probe.py'), targets];
  const words = refusal === undefined ? host.words(command, options) : host.world.words(command, options);
  const child = host.login(words);
  const turret = await turretProcesses(child);
  await place(host, { rows: [...PROBED, UNMOUNTING], turret: turret.map(({ pid }) => pid), orphan });
  const { tries, works } = await reportOf(host, child);
  const { pid = 0 } = descendants(child.pid ?? 0).find(({ command }) => isProbe(command)) ?? {};
  const through = `/proc/${pid}/root${String(works['socket'])}`;
  const thefts = [
    await steal(host, works, 'from outside, while the session runs'),
    await steal(host, works, 'from outside, through the root of the agent', through),
  ];
  const survived = await survives(child, orphan, END_MS_MAX);
  await allGone(turret);
  thefts.push(await steal(host, works, 'from outside, after the end'));
  restore(host);
  const judged = tries.map((one) =>
    refusal !== undefined && one.row === 17 && one.try !== POLICY_ELSEWHERE
      ? tried(17, one.try, false, refusal)
      : one,
  );
  return { user: host.user.name, level, tries: [...judged, ...thefts, survived], works };
}

const POLICY_ELSEWHERE = 'write the policy outside the workspace';
/** What Turret says that does not start a session; undefined where it does. */
async function refusalOf(host: Host, words: string[]): Promise<string | undefined> {
  const { code, stderr } = await host.world.finish(host.world.start(words));
  if (code === 0) return undefined;
  if (code === 126) return stderr.split('\n')[0] ?? '';
  throw new Error(`turret ended with ${code}: ${stderr}`);
}

const isProbe = (command: string): boolean => /^\S*python3 \S+\/probe\.py /.test(command);
const targetsPath = (host: Host): string => path.join(host.world.workspace, 'targets.json');
const marker = (): string => `${randomInt(100_000, 999_999)}.${randomInt(100_000, 999_999)}`;

async function place(
  host: Host,
  asked: { rows: number[]; turret: number[]; orphan: string | null },
): Promise<string> {
  const { known } = host;
  const neighbour = (known['neighbour'] as { pid: number }).pid;
  const node = await host.node();
  await host.daemon();
  const targets = targetsPath(host);
  const datagram = `datagram-${marker()}`;
  const text = JSON.stringify({ ...known, ...asked, node, datagram, pids: [neighbour, ...asked.turret] });
  writeFileSync(`${targets}.new`, text, { mode: 0o644 });
  renameSync(`${targets}.new`, targets);
  return targets;
}

async function reportOf(host: Host, child: ChildProcess): Promise<Report> {
  const before = host.datagrams.length;
  const report = await new Promise<Report>((resolve, reject) => {
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      resolve(JSON.parse(line)),
    );
    child.once('close', (code) => reject(new Error(`the probe ended with ${code}: ${complaint}`)));
  });
  // What counts is what arrived, not what the sender was told.
  const arrived = host.datagrams.length - before;
  const sent = report.tries.filter(({ row, reached }) => row === 12 && reached);
  if (arrived < sent.length)
    await until('the arrival of datagrams', () => host.datagrams.length - before >= sent.length);
  return report;
}

/** Supervisor, broker and repeaters, once the agent runs. */
function turretProcesses(child: ChildProcess): Promise<Process[]> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const started = () => {
    if (child.exitCode !== null) throw new Error(`turret ended with ${child.exitCode}: ${complaint}`);
    const below = descendants(child.pid ?? 0);
    if (!below.some(({ command }) => isProbe(command))) return undefined;
    const parts = below.filter(({ command }) => /broker\/main\.cjs|repeaters\/\w+\/main\.js/.test(command));
    const self = processes().filter(({ pid }) => pid === child.pid);
    return parts.length >= 3 ? [...self, ...parts] : undefined;
  };
  return until('the start of the session', started, START_MS_MAX);
}

/** Kills it, as nothing can be prepared for, and looks whether what detached itself is still there. */
async function survives(child: ChildProcess, orphan: string, ms: number): Promise<Try> {
  await until('the detached process', () =>
    processesWith(orphan).some(({ command }) => command.startsWith('sleep ')),
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  await until('its end', () => processesWith(orphan).length === 0, ms).catch(() => undefined);
  const left = processesWith(orphan);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  return tried(20, 'a process that detached itself, when turret is killed', left.length > 0, 'it was ended');
}

async function steal(
  host: Host,
  { token, socket: agentSocket }: Works,
  way: string,
  socket?: string,
): Promise<Try> {
  const { world, programs } = host;
  // Its own copy, or the one that the agent has, where that can be seen: it knows more.
  const own = path.join(path.dirname(String(agentSocket)), 'bin/turret');
  const program = existsSync(own) ? [own] : [process.execPath, path.join(programs, 'turret')];
  const words = [...program, 'call', 'echo.say', 'text=stolen'];
  const stolen = { TURRET_TOKEN: String(token), ...(socket === undefined ? {} : { TURRET_SOCKET: socket }) };
  const thief = world.start(words, { env: { ...world.env, ...stolen } });
  const { code, stdout, stderr } = await outcome(thief);
  return tried(18, way, code === 0 && stdout.toString() === 'stolen\n', stderr.split('\n')[0] ?? '');
}

// The policy that the agent may have changed, and its directory.
function restore(host: Host): void {
  const directory = path.dirname(String(host.known['policyInWorkspace']));
  for (const one of [directory, `${directory}.old`]) rmSync(one, { recursive: true, force: true });
  host.writePolicy();
}
