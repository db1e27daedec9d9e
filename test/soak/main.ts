import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { account } from './account.js';
import { readAsked, readRecorded } from './ledger.js';
import { type Soaked, reportOf, wrongWith } from './report.js';
import { type Sample, sampleOf } from './samples.js';
import { type Stage, madeUpstream, openStage } from './stage.js';
import { NAMES, VICTIMS, type Victim } from './victims.js';

const MINUTES_DEFAULT = 10;
const SAMPLE_MS = 2_000;
const STRIKE_MS = 1_500;
const SAY_MS = 30_000;

/** @param words `--minutes N`. @returns the exit code */
export async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options: { minutes: { type: 'string' } } });
  const minutes = Number(values.minutes ?? MINUTES_DEFAULT);
  if (!(minutes > 0)) throw new TypeError('--minutes is a number above zero');
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const stage = await openStage();
  try {
    const soaked = await soak(stage, minutes * 60, interrupted.signal);
    const report = reportOf(soaked);
    const wrong = wrongWith(soaked);
    say(wrong.map((line) => `WRONG ${line}`).join('\n'));
    if (interrupted.signal.aborted) say(`${report}\ninterrupted; docs/soak.md is as it was`);
    else writeFileSync('docs/soak.md', report);
    say(`${soaked.account.asked} calls, ${wrong.length} things not as they should be`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

async function soak(stage: Stage, seconds: number, signal: AbortSignal): Promise<Soaked> {
  const from = performance.now();
  const second = (): number => (performance.now() - from) / 1_000;
  const kills = new Map<Victim, number>();
  const samples: Sample[] = [];
  const loads = [load()];
  const every = (ms: number, work: () => void): NodeJS.Timeout => setInterval(work, ms);
  const timers = [
    every(STRIKE_MS, () => strikeOne(stage, kills)),
    every(SAMPLE_MS, () => {
      for (const squad of stage.squads) {
        const sample = sampleOf(squad, second());
        if (sample !== undefined && squad.isSteady) samples.push(sample);
      }
    }),
    every(SAY_MS, () => {
      loads.push(load());
      say(progress(stage, { second: second(), kills, sample: samples.at(-1) }));
    }),
  ];
  await sleep(seconds * 1_000, undefined, { signal }).catch(() => {}); // ^C: what was seen so far
  for (const timer of timers) clearInterval(timer);
  const lasted = second();
  say('the agents are told to end');
  await Promise.all(stage.squads.map((squad) => squad.stop()));
  const verified = [];
  for (const { name, world } of stage.squads) {
    const { code, stdout, stderr } = await world.turret('audit', 'verify', '--all');
    verified.push({ name, code, sessions: world.sessions().length, text: stdout.toString() + stderr });
  }
  const asked = stage.squads.flatMap(({ world, isSteady }) =>
    readAsked(world).map((one) => ({ ...one, isSteady })),
  );
  const recorded = stage.squads.flatMap(({ world }) => readRecorded(world));
  return {
    seconds: lasted,
    loads: [...loads, load()],
    kills,
    samples,
    asked,
    account: account(asked, recorded, madeUpstream(stage)),
    verified,
    ended: stage.squads.flatMap(({ ended }) => ended),
    leftDirectories: stage.squads.flatMap(({ world }) => world.runtimeSessions()),
  };
}

/** Whoever is chosen may not be there just now; then somebody else is. */
function strikeOne({ squads }: Stage, kills: Map<Victim, number>): void {
  for (let tries = 0; tries < squads.length; tries += 1) {
    const victim = chooseVictim();
    const squad = squads[randomInt(squads.length)];
    if (squad?.strike(victim, (count) => randomInt(Math.max(1, count)))) {
      kills.set(victim, (kills.get(victim) ?? 0) + 1);
      return;
    }
  }
}

function chooseVictim(): Victim {
  let at = randomInt(NAMES.reduce((sum, name) => sum + VICTIMS[name].weight, 0));
  return NAMES.find((name) => (at -= VICTIMS[name].weight) < 0) ?? 'shim';
}

function progress(
  { squads }: Stage,
  { second, kills, sample }: { second: number; kills: Map<Victim, number>; sample: Sample | undefined },
): string {
  const asked = squads.reduce((sum, { world }) => sum + readAsked(world).length, 0);
  const killed = [...kills.values()].reduce((sum, count) => sum + count, 0);
  const held = sample === undefined ? '' : `; broker ${sample.brokerKb} kB, ${sample.brokerFds} descriptors`;
  return `${Math.round(second)} s: ${asked} calls, ${killed} kills${held}; load ${load()}`;
}

function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}

function say(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
