// What runs, as /proc tells it: to find out whether anything of a session was left behind.

import { readFileSync, readdirSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  /** Start time: a process id alone is used again. */
  ticks: string;
  command: string;
}

const GONE_MS_MAX = 8_000;

export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), ticks: rest[17] ?? '', command };
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/** Everything below a process, itself not included. */
export function descendants(pid: number): Process[] {
  const all = processes();
  const found: Process[] = [];
  for (let parents = [pid]; parents.length > 0;) {
    const children = all.filter(({ parent }) => parents.includes(parent));
    found.push(...children);
    parents = children.map((child) => child.pid);
  }
  return found;
}

/** Waits until a condition holds; rejects with `what` when it never does. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  ms = GONE_MS_MAX,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Those of the processes that still run. */
export function stillRunning(before: readonly Process[]): Process[] {
  const now = new Map(processes().map((one) => [one.pid, one.ticks]));
  return before.filter(({ pid, ticks }) => now.get(pid) === ticks);
}

/** Processes that were started with a text in their arguments or their environment. */
export function processesWith(text: string): Process[] {
  return processes().filter(({ pid, command }) => command.includes(text) || environ(pid).includes(text));
}

function environ(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // Gone, or not ours.
    return '';
  }
}

/** Waits until none of them runs; rejects with what does. */
export async function allGone(before: readonly Process[]): Promise<void> {
  await until(
    `the end of ${before.map(({ command }) => command.slice(0, 120)).join(' | ')}`,
    () => stillRunning(before).length === 0,
  );
}
