// npm run bench [-- NAME… [--rounds N] [--publish]]

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { Figure } from './figure.js';
import { FIGURES } from './figures.js';
import { type Measured, measure } from './measure.js';
import { documentOf, lineOf } from './report.js';

const ROUNDS = 20;
const SAMPLES = 'bench-samples.json';
const DOCUMENT = 'docs/performance.md';

export interface Result {
  readonly figure: Figure;
  readonly measured: Measured;
}

/** @returns the exit code: 1 when a figure misses its goal or says nothing. */
export async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { rounds: { type: 'string' }, publish: { type: 'boolean' } },
  });
  const unknown = positionals.filter((word) => !FIGURES.some(({ name }) => name.startsWith(word)));
  if (unknown.length > 0)
    throw new TypeError(
      `no figure is called ${unknown[0]}; there are ${FIGURES.map(({ name }) => name).join(', ')}`,
    );
  const wanted = FIGURES.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)),
  );
  const results: Result[] = [];
  for (const figure of wanted) {
    process.stderr.write(`${figure.name}: ${figure.title}\n`);
    const result = { figure, measured: await measured(figure, Number(values.rounds ?? 0)) };
    results.push(result);
    console.log(lineOf(result));
  }
  mkdirSync('dist/test', { recursive: true });
  writeFileSync(`dist/test/${SAMPLES}`, JSON.stringify(results.map(raw), undefined, 1));
  console.log(`raw samples: dist/test/${SAMPLES}`);
  if (values.publish === true) {
    if (wanted.length < FIGURES.length) throw new TypeError('--publish is for a whole run');
    writeFileSync(DOCUMENT, documentOf(results));
  }
  return results.every(
    ({ figure, measured: { ratio, unusable } }) => unusable === undefined && ratio.median <= figure.goal,
  )
    ? 0
    : 1;
}

async function measured(figure: Figure, rounds: number): Promise<Measured> {
  const sides = await figure.open();
  try {
    return await measure(sides, rounds > 0 ? rounds : (figure.rounds ?? ROUNDS));
  } finally {
    await sides.close();
  }
}

const raw = ({ figure: { name, goal }, measured: { samples } }: Result): object => ({ name, goal, samples });
