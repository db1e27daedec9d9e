// docs/soak.md, from what was seen.

import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';

import { EXIT } from '../../src/protocol/codes.js';
import { table } from '../faults/table.js';
import type { Account } from './account.js';
import type { Asked } from './ledger.js';
import { type Sample, areEnough, countTrend, memoryTrend } from './samples.js';
import type { Ended } from './squad.js';
import { AGENTS } from './stage.js';
import { quantile } from './statistics.js';
import { NAMES, VICTIMS, type Victim } from './victims.js';

export interface Soaked {
  seconds: number;
  /** Load averages of one minute, one every half a minute. */
  loads: number[];
  kills: ReadonlyMap<Victim, number>;
  samples: Sample[];
  asked: Asked[];
  account: Account;
  verified: { name: string; code: number | null; sessions: number; text: string }[];
  ended: Ended[];
  leftDirectories: string[];
}

/** Everything that must not be, in words. */
export function wrongWith({ account, samples, verified, ended, leftDirectories }: Soaked): string[] {
  return [
    ...account.wrong,
    ...(account.answered === 0 ? ['no call was answered'] : []),
    ...(areEnough(samples) ? growth(samples) : ['too short to say whether anything grows']),
    ...verified.filter(({ code }) => code !== 0).map(({ name, text }) => `the logs of ${name}: ${text}`),
    ...ended.flatMap(({ left }) => left.map((command) => `still runs: ${command}`)),
    ...ended.filter((one) => !endsOf(one).includes(one.run)).map((one) => `ended: ${JSON.stringify(one)}`),
    ...leftDirectories.map((name) => `a runtime directory is left: ${name}`),
  ];
}

function growth(samples: readonly Sample[]): string[] {
  const trends = {
    brokerKb: memoryTrend(samples),
    brokerFds: countTrend(samples, 'brokerFds'),
    supervisorFds: countTrend(samples, 'supervisorFds'),
    processes: countTrend(samples, 'processes'),
  };
  return Object.entries(trends)
    .filter(([, { isFlat }]) => !isFlat)
    .map(([name, trend]) => `${name} grows: ${JSON.stringify(trend)}`);
}

function endsOf({ victim }: Ended): readonly (number | string)[] {
  return victim === undefined ? [0] : VICTIMS[victim].run;
}

export function reportOf(soaked: Soaked): string {
  const { account, samples, ended, verified, seconds, loads, asked } = soaked;
  const wrong = wrongWith(soaked);
  const memory = memoryTrend(samples);
  const parts: Record<string, string> = {
    WHERE: `Node ${process.versions.node}, Linux ${release()}, ${availableParallelism()} processors`,
    MINUTES: (seconds / 60).toFixed(1),
    AGENTS: String(AGENTS),
    LOAD: `${Math.min(...loads)} to ${Math.max(...loads)}`,
    VERDICT:
      wrong.length === 0
        ? 'Everything was as it should be.'
        : `**NOT as it should be:** ${wrong.length} things, ${wrong.slice(0, 10).join('; ')}`,
    ASKED: String(account.asked),
    ANSWERED: String(account.answered),
    UNHEARD: String(account.unheard),
    UNHEARD_RECORDED: String(account.unheardRecorded),
    ALLOW: String(account.recorded.allow),
    DENY: String(account.recorded.deny),
    REFUSED: String(account.recorded.refused),
    UNFINISHED: String(account.unfinished),
    LOST: String(account.wrong.filter((line) => line.startsWith('answered and not in the log')).length),
    LOGS: `${verified.reduce((sum, { sessions }) => sum + sessions, 0)} sessions, ${verified.filter(({ code }) => code !== 0).length} users whose logs do not verify`,
    LEFT: String(ended.reduce((sum, { left }) => sum + left.length, 0)),
    RATIO: (memory.last / memory.first).toFixed(3),
    SLOPE: memory.slope.toFixed(0),
    KILLS: killTable(soaked),
    CALLS: callTable(asked),
    TROUBLE: troubleTable(asked),
    HELD: heldTable(samples),
    SERIES: seriesTable(samples),
  };
  const template = readFileSync('test/soak/soak.md.in', 'utf8');
  return template.replaceAll(/\{\{([A-Z_]+)\}\}/g, (_, name: string) => parts[name] ?? '');
}

function killTable({ kills, ended }: Soaked): string {
  const sessions = (victim: Victim): string =>
    VICTIMS[victim].run.length > 0 ? String(ended.filter((one) => one.victim === victim).length) : '0';
  return table(
    ['killed', 'times', 'sessions that ended of it'],
    NAMES.map((name) => [name, String(kills.get(name) ?? 0), sessions(name)]),
  );
}

function callTable(asked: readonly Asked[]): string {
  const kinds = [...new Set(asked.map(({ kind }) => kind))].sort();
  return table(
    ['call', 'asked', 'answered as without a kill', 'cut by one', 'p50 ms', 'p99 ms'],
    kinds.map((kind) => {
      const all = asked.filter((one) => one.kind === kind);
      const well = all.filter(({ answer, wanted }) => answer?.code === wanted);
      const ms = well.map(({ answer }) => answer?.ms ?? 0);
      const counts = [all.length, well.length, all.length - well.length];
      return [kind, ...[...counts, quantile(ms, 0.5), quantile(ms, 0.99)].map(String)];
    }),
  );
}

/** What was said with 125: with names of repeaters and times, but not of each call. */
function troubleTable(asked: readonly Asked[]): string {
  const told = asked
    .filter(({ answer }) => answer?.code === EXIT.BROKEN)
    .map(({ answer }) => answer?.told.split('\n')[0]?.replace(/^turret: error: /, '') ?? '');
  return table(
    ['said', 'times'],
    [...new Set(told)].sort().map((words) => [words, String(told.filter((one) => one === words).length)]),
  );
}

function heldTable(samples: readonly Sample[]): string {
  const memory = memoryTrend(samples);
  const row = (
    what: string,
    { first, last, isFlat }: { first: number; last: number; isFlat: boolean },
  ): string[] => [what, String(first), String(last), isFlat ? 'yes' : 'NO'];
  return table(
    ['', 'median of the first third', 'of the last', 'flat'],
    [
      row('memory of the broker (RSS, kB)', memory),
      row('descriptors of the broker', countTrend(samples, 'brokerFds')),
      row('descriptors of the supervisor', countTrend(samples, 'supervisorFds')),
      row('processes of the session', countTrend(samples, 'processes')),
    ],
  );
}

const SERIES_ROWS = 12;

function seriesTable(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.floor(samples.length / SERIES_ROWS));
  return table(
    ['second', 'broker kB', 'its descriptors', "the supervisor's", 'processes'],
    samples
      .filter((_, index) => index % step === 0)
      .map((one) =>
        [Math.round(one.second), one.brokerKb, one.brokerFds, one.supervisorFds, one.processes].map(String),
      ),
  );
}
