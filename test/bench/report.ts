// How a figure is told: a line in the terminal, a row in docs/performance.md.

import { cpus, loadavg, release } from 'node:os';

import { type Figure, reaches } from './figure.js';
import type { Measured, Spread } from './measure.js';

export interface Result {
  readonly figure: Figure;
  readonly measured: Measured;
}

export function isReached({ figure, measured: { ratio, unusable } }: Result): boolean {
  return unusable === undefined && reaches(figure, figure.goal, ratio.median);
}

export function lineOf(result: Result): string {
  const { figure, measured } = result;
  const noise = figure.unit === undefined ? `; noise ${range(measured.noise)}` : '';
  return `${figure.name.padEnd(12)} ${valueOf(result).padStart(9)}  (${range(measured.ratio)}${noise})  goal ${bound(figure, figure.goal)}: ${verdictOf(result)}`;
}

export function documentOf(results: readonly Result[]): string {
  const lines = [
    '# Performance',
    '',
    'Written by `npm run bench -- --publish`, never by hand. Each figure is a ratio of two sides that took turns in one run, in an order drawn anew each round, two rounds thrown away: the median of the',
    "rounds' ratios, and the middle half of them. The reference ran twice a round; how far it was from itself is the noise, and a figure whose noise is too large is not told. Figures with a unit have",
    'no other side. Sandbox, injector, policy and audit are on wherever the figure is about a session.',
    '',
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC · Linux ${release()} · Node ${process.versions.node} · ${cpus().length} processors (${cpus()[0]?.model.trim() ?? ''}) · load ${two(loadavg()[0] ?? 0)} at the end`,
    '',
    '| figure | what | measured | middle half | noise | goal | stretch | |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(rowOf),
    '',
    ...notesOf(results),
  ];
  return lines.join('\n');
}

function rowOf(result: Result): string {
  const { figure, measured } = result;
  const cells = [
    figure.name,
    // A bar in it would be the end of its cell.
    figure.title.replaceAll('|', String.raw`\|`),
    measured.unusable === undefined ? valueOf(result) : '–',
    range(measured.ratio),
    figure.unit === undefined ? range(measured.noise) : '',
    bound(figure, figure.goal),
    figure.stretch === undefined ? '' : bound(figure, figure.stretch),
    verdictOf(result),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** What is known of the figures that are not what they are to be. */
function notesOf(results: readonly Result[]): string[] {
  const missed = results.filter((result) => !isReached(result) && result.figure.why !== undefined);
  if (missed.length === 0) return [];
  return [
    '## Where the others lose it',
    '',
    ...missed.flatMap(({ figure: { name, why = '' } }) => [`**${name}.** ${why}`, '']),
  ];
}

function verdictOf(result: Result): string {
  const { figure, measured } = result;
  if (measured.unusable !== undefined) return `no figure: ${measured.unusable}`;
  if (!isReached(result)) return 'missed';
  const { stretch } = figure;
  return stretch !== undefined && reaches(figure, stretch, measured.ratio.median)
    ? 'reached, and the stretch'
    : 'reached';
}

const valueOf = ({ figure: { unit }, measured: { ratio } }: Result): string =>
  Number.isNaN(ratio.median) ? '–' : `${two(ratio.median)}${unit === undefined ? '' : ` ${unit}`}`;

const bound = ({ better, unit }: Figure, value: number): string =>
  `${better === 'more' ? '≥' : '≤'} ${value}${unit === undefined ? '' : ` ${unit}`}`;

const two = (value: number): string => (value < 0.1 ? value.toFixed(3) : value.toFixed(2));
const range = ({ low, high }: Spread): string => (Number.isNaN(low) ? '–' : `${two(low)}–${two(high)}`);
