// How a figure is told: a line in the terminal, a row in docs/performance.md.

import { cpus, loadavg, release } from 'node:os';

import type { Result } from './main.js';
import type { Spread } from './measure.js';

const two = (value: number): string => value.toFixed(2);
const range = ({ low, high }: Spread): string => `${two(low)}–${two(high)}`;

export function lineOf({ figure, measured: { ratio, noise, unusable } }: Result): string {
  const verdict =
    unusable === undefined ? verdictOf(ratio.median, figure.goal, figure.stretch) : `no figure: ${unusable}`;
  return `${figure.name.padEnd(10)} ${two(ratio.median).padStart(6)}  (${range(ratio)}; noise ${range(noise)})  goal ${figure.goal}: ${verdict}`;
}

function verdictOf(ratio: number, goal: number, stretch: number | undefined): string {
  if (ratio > goal) return 'missed';
  return stretch !== undefined && ratio <= stretch ? 'reached, and the stretch' : 'reached';
}

export function documentOf(results: readonly Result[]): string {
  const lines = [
    '# Performance',
    '',
    'Written by `npm run bench -- --publish`, never by hand. Each figure is a ratio of two sides that took turns in one run, in an order drawn anew each round, two rounds thrown away: the median of the',
    "rounds' ratios, and the middle half of them. The reference ran twice a round; how far it was from itself is the noise, and a figure whose noise is too large is not told. Sandbox, injector,",
    'policy and audit are on wherever the figure is about a session.',
    '',
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC · Linux ${release()} · Node ${process.versions.node} · ${cpus().length} processors (${cpus()[0]?.model.trim() ?? ''}) · load ${two(loadavg()[0] ?? 0)} at the end`,
    '',
    '| figure | what | ratio | middle half | noise | goal | stretch | |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(
      ({ figure, measured: { ratio, noise, unusable } }) =>
        `| ${figure.name} | ${figure.title} | ${unusable === undefined ? two(ratio.median) : '–'} | ${range(ratio)} | ${range(noise)} | ${figure.goal} | ${figure.stretch ?? ''} | ${unusable ?? verdictOf(ratio.median, figure.goal, figure.stretch)} |`,
    ),
    '',
  ];
  return lines.join('\n');
}
