// All rounds: every case at each level of isolation with one aws; at the first level with the other ones too, those that aws is in.
// How a version reads its words does not depend on the sandbox.

import { execFileSync } from 'node:child_process';
import { release } from 'node:os';

import type { AttackCase } from './case.js';
import type { Controlled } from './controls.js';
import type { Graded } from './grade.js';
import type { StageMessage } from './on-stage.js';
import type { Options } from './options.js';
import { LEVEL_OF_ROOT } from './levels.js';
import { isRoot, runStage } from './stage-process.js';

export interface Round {
  readonly level: string;
  readonly aws: string;
  readonly user: 'an ordinary user' | 'root';
  /** Why the level cannot be had here. */
  absent: string | undefined;
  readonly graded: Graded[];
  readonly controls: Controlled[];
  /** What `turret audit verify` said. */
  readonly logs: string[];
  broke: string | undefined;
  seconds: number;
  ok: boolean;
}

export interface Score {
  readonly date: string;
  readonly kernel: string;
  readonly node: string;
  readonly gh: string;
  readonly rounds: readonly Round[];
}

export async function runAll(options: Options, signal: AbortSignal): Promise<Score> {
  const rounds: Round[] = [];
  for (const level of options.levels) {
    const clis = level === options.levels[0] ? options.clis : options.clis.slice(0, 1);
    for (const [at, cli] of clis.entries()) {
      if (signal.aborted) break;
      const cases = at === 0 ? options.cases : options.cases.filter(concernsAws);
      if (cases.length > 0)
        rounds.push(
          await round(
            options,
            {
              level,
              cli,
              cases,
              controls:
                options.controls &&
                !rounds.some(({ aws, absent }) => aws === cli.version && absent === undefined),
            },
            signal,
          ),
        );
    }
  }
  const gh = execFileSync('/usr/bin/gh', ['--version'], { encoding: 'utf8', env: {} });
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    kernel: release(),
    node: process.version,
    gh: /version (\S+)/.exec(gh)?.[1] ?? '',
    rounds,
  };
}

/** One score of several runs on one machine, in the order they are given. At least one. */
export function joined(scores: readonly Score[]): Score {
  const dates = scores.map(({ date }) => date).toSorted();
  const [from, to] = [dates[0], dates.at(-1)];
  const [first] = scores;
  if (first === undefined) throw new Error('nothing to join');
  if (
    scores.some(({ kernel, node, gh }) => kernel !== first.kernel || node !== first.node || gh !== first.gh)
  )
    throw new Error('these are of different machines');
  return {
    ...first,
    date: from === to ? first.date : `${from} to ${to}`,
    rounds: scores.flatMap(({ rounds }) => rounds),
  };
}

const concernsAws = ({ tool, argv }: AttackCase): boolean =>
  tool === 'aws' || (tool === 'os' && /\baws\b/.test(argv[2] ?? ''));

interface Asked {
  readonly level: string;
  readonly cli: Options['clis'][number];
  readonly cases: readonly AttackCase[];
  readonly controls: boolean;
}

async function round(
  options: Options,
  { level, cli, cases, controls }: Asked,
  signal: AbortSignal,
): Promise<Round> {
  // Only root can be somebody else on the stage.
  const asUser = isRoot && !options.asRoot && level !== LEVEL_OF_ROOT;
  const result: Round = {
    level,
    aws: cli.version,
    user: asUser || !isRoot ? 'an ordinary user' : 'root',
    absent: undefined,
    graded: [],
    controls: [],
    logs: [],
    broke: undefined,
    seconds: 0,
    ok: false,
  };
  const started = Date.now();
  const show = (): void =>
    progress(
      `${level}, aws ${cli.version}: ${result.graded.length} of ${cases.length}, ${result.controls.length} controls`,
    );
  const request = {
    level,
    cli: cli.path,
    version: cli.version,
    ids: cases.map(({ id }) => id),
    withControls: controls,
    asUser,
    isRoot,
    verbose: options.verbose,
  };
  const each = (message: StageMessage): void => (take(result, message), show());
  const parts = controls ? (['cases', 'controls'] as const) : (['cases'] as const);
  await Promise.all(parts.map((part) => runStage({ ...request, part }, each, signal)));
  progress('');
  result.seconds = Math.round((Date.now() - started) / 1000);
  if (result.broke === undefined && result.absent === undefined && result.graded.length < cases.length)
    result.broke = `only ${result.graded.length} of ${cases.length} were run`;
  result.ok =
    result.absent !== undefined ||
    (result.broke === undefined &&
      result.graded.every(({ grade }) => grade !== 'leaked' && grade !== 'over-blocked') &&
      result.controls.every((one) => one.result !== 'failed') &&
      result.logs.every((line) => !line.startsWith('FAILED')));
  return result;
}

function take(result: Round, message: StageMessage): void {
  if ('graded' in message) result.graded.push(message.graded);
  else if ('controlled' in message) result.controls.push(message.controlled);
  else if ('verified' in message) result.logs.push(message.verified);
  else if ('absent' in message) result.absent = message.absent;
  else result.broke = message.broke;
}

const LINE_MS = 30_000;
let lastLine = Date.now();

/** One line that changes on a terminal; elsewhere one now and then. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (text !== '' && Date.now() - lastLine > LINE_MS) {
    lastLine = Date.now();
    process.stderr.write(`${text}\n`);
  }
}
