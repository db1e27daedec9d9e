// Long runs: two worker processes share the targets, this one counts and says what was found.

import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { documentOf, type Tally } from './document.js';
import { LONG_TARGETS } from './long-targets.js';
import { isWork, type Report, runWork, type Work } from './worker.js';

const PROCESSES = 2;
const SAY_MS = 10_000;
const DOCUMENT = 'docs/fuzzing.md';

/** @param script what the workers are started with  @returns the exit code: 1 when a property did not hold */
export async function main(words: string[], script: string): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: {
      minutes: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      seed: { type: 'string' },
      path: { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const names = LONG_TARGETS.map(({ name }) => name).filter((name) => name.startsWith(values.only));
  if (values.list) for (const { name, claim } of LONG_TARGETS) process.stdout.write(`${name}: ${claim}\n`);
  if (values.list) return 0;
  if (names.length === 0) throw new Error(`no target begins with ${values.only}; --list names them`);
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const minutes = Number(values.minutes);
  const one = values.path !== undefined || names.length === 1;
  const shares = one ? [names] : share(names);
  process.stdout.write(
    `${names.length} targets, ${minutes} minutes, seed ${seed}, ${shares.length} processes\n`,
  );
  const tallies = new Map<string, Tally>();
  const todo = shares.map((own, index): Work => ({
    names: own,
    until: Date.now() + minutes * 60_000,
    seed: seed + index * 1_000_003,
    ...(values.path === undefined ? {} : { path: values.path }),
  }));
  const failures = await runAll(script, todo, tallies);
  const cases = [...tallies.values()].reduce((sum, tally) => sum + tally.cases, 0);
  process.stdout.write(`${(cases / 1e6).toFixed(3)} million cases, ${failures.length} found\n`);
  if (values.write)
    writeFileSync(DOCUMENT, documentOf({ before: readFileSync(DOCUMENT, 'utf8'), tallies, minutes, seed }));
  return failures.length === 0 ? 0 : 1;
}

/** Slow targets and quick ones in each share. */
function share(names: readonly string[]): string[][] {
  return Array.from({ length: PROCESSES }, (_, index) =>
    names.filter((_name, at) => at % PROCESSES === index),
  );
}

/** Runs every share in a process of its own. @returns what did not hold */
async function runAll(
  script: string,
  shares: readonly Work[],
  tallies: Map<string, Tally>,
): Promise<string[]> {
  const failures: string[] = [];
  const started = Date.now();
  const say = setInterval(() => {
    const cases = [...tallies.values()].reduce((sum, tally) => sum + tally.cases, 0);
    const seconds = (Date.now() - started) / 1000;
    process.stdout.write(`${seconds.toFixed(0)} s: ${cases} cases, ${(cases / seconds).toFixed(0)}/s\n`);
  }, SAY_MS);
  const workers = shares.map((work) => {
    const worker = fork(script, [], { env: { ...process.env, TURRET_FUZZ_WORK: JSON.stringify(work) } });
    worker.on('message', (message) => {
      const report = message as Report;
      const tally = tallies.get(report.name) ?? { cases: 0, taken: undefined, ms: 0 };
      tally.cases += report.cases;
      tally.ms += report.ms;
      tally.taken = report.taken ?? tally.taken;
      tallies.set(report.name, tally);
      if (report.failure === undefined) return;
      failures.push(report.failure);
      process.stdout.write(`\n${report.failure}\n\n`);
    });
    return new Promise<void>((resolve) => {
      worker.once('exit', (code) => {
        if (code !== 0) failures.push(`a worker ended with ${String(code)}`);
        resolve();
      });
    });
  });
  await Promise.all(workers);
  clearInterval(say);
  return failures;
}

/** One of the two workers; `todo` is what `main` handed to it. */
export async function work(todo: string): Promise<void> {
  const parsed: unknown = JSON.parse(todo);
  if (isWork(parsed)) await runWork(parsed, LONG_TARGETS, (report) => process.send?.(report));
}
