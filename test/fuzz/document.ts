// docs/fuzzing.md, written by `npm run fuzz -- --write`: what was run, and what was found until now.

import { LONG_TARGETS } from './long-targets.js';

export interface Tally {
  cases: number;
  /** Cases the parser took, of those in the last process. */
  taken: number | undefined;
  ms: number;
}

const BEGIN = '<!-- written by npm run fuzz -- --write -->';
const END = '<!-- until here -->';

/** The document with its table replaced. Everything outside the two marks is written by people. */
export function documentOf({
  before,
  tallies,
  minutes,
  seed,
}: {
  before: string;
  tallies: ReadonlyMap<string, Tally>;
  minutes: number;
  seed: number;
}): string {
  const from = before.indexOf(BEGIN);
  const to = before.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/fuzzing.md has lost its marks ${BEGIN} and ${END}`);
  const run = LONG_TARGETS.filter(({ name }) => tallies.has(name));
  const rows = run.map(({ name, claim }) => {
    const { cases = 0, taken, ms = 1 } = tallies.get(name) ?? {};
    const share = taken === undefined ? '' : `${((100 * taken) / Math.max(1, cases)).toFixed(0)} %`;
    return `| ${name} | ${claim} | ${cases.toLocaleString('en')} | ${Math.round((1000 * cases) / ms).toLocaleString('en')} | ${share} |`;
  });
  const all = [...tallies.values()].reduce((sum, { cases }) => sum + cases, 0);
  const table = [
    BEGIN,
    '',
    `${minutes} minutes in two processes, seed ${seed}, Node ${process.versions.node}: ${(all / 1e6).toFixed(2)} million cases.`,
    '',
    '| target | what has to hold | cases | per second | not refused |',
    '|---|---|---:|---:|---:|',
    ...rows,
    '',
  ].join('\n');
  return before.slice(0, from) + table + before.slice(to);
}
