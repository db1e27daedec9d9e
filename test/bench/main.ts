// npm run bench [-- NAME… [--rounds N] [--publish]]

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { Figure } from './figure.js';
import { FIGURES } from './figures.js';
import { type Measured, evaluate, measure } from './measure.js';
import { type Result, documentOf, isReached, lineOf } from './report.js';

const ROUNDS = 20;
const SAMPLES = 'dist/test/bench-samples.json';
const DOCUMENT = 'docs/performance.md';

/** @returns the exit code: 1 when a figure misses its goal or says nothing. */
export async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { rounds: { type: 'string' }, publish: { type: 'boolean' } },
  });
  const wanted = chosen(positionals);
  if (values.publish === true && wanted.length < FIGURES.length)
    throw new TypeError('--publish is for a whole run');
  mkdirSync('dist/test', { recursive: true });
  const results = await inTurn(wanted, Number(values.rounds ?? 0));
  writeFileSync(SAMPLES, JSON.stringify(results.map(raw), undefined, 1));
  console.log(`raw samples: ${SAMPLES}`);
  if (values.publish === true) writeFileSync(DOCUMENT, documentOf(results));
  return results.every(isReached) ? 0 : 1;
}

function chosen(names: readonly string[]): readonly Figure[] {
  const unknown = names.find((word) => !FIGURES.some((figure) => isNamed(figure, word)));
  if (unknown !== undefined)
    throw new TypeError(
      `no figure is called ${unknown}; there are ${FIGURES.map(({ name }) => name).join(', ')}`,
    );
  return names.length === 0
    ? FIGURES
    : FIGURES.filter((figure) => names.some((word) => isNamed(figure, word)));
}

/** `G6` is all of them. */
const isNamed = ({ name }: Figure, word: string): boolean => name === word || name.startsWith(`${word}-`);

/** What the machine was too busy for is measured once more, when all others are done. */
async function inTurn(figures: readonly Figure[], rounds: number): Promise<Result[]> {
  const results = new Map<Figure, Result>();
  const take = async (figure: Figure): Promise<void> => {
    process.stderr.write(`${figure.name}: ${figure.title}\n`);
    const result = { figure, measured: await measured(figure, rounds) };
    results.set(figure, result);
    console.log(lineOf(result));
  };
  // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
  for (const figure of figures) await take(figure);
  const noisy = [...results.values()].filter(
    ({ figure, measured: { unusable } }) => !('absent' in figure.open) && unusable !== undefined,
  );
  // oxlint-disable-next-line no-await-in-loop -- as above
  for (const { figure } of noisy) await take(figure);
  return [...results.values()];
}

/** A figure that fails says so in its row: the others of a long run are worth keeping. */
async function measured({ open, rounds = ROUNDS }: Figure, asked: number): Promise<Measured> {
  if ('absent' in open) return { ...evaluate([]), unusable: open.absent };
  try {
    const sides = await open();
    try {
      return await measure(sides, asked > 0 ? asked : rounds);
    } finally {
      await sides.close();
    }
  } catch (error) {
    const [why] = String(error).split('\n');
    return { ...evaluate([]), unusable: `it could not be measured: ${why}` };
  }
}

const raw = ({ figure: { name, goal }, measured: { samples } }: Result): object => ({ name, goal, samples });
