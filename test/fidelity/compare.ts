// Runs every case on both sides at once and says where they differ.

import type { FidelityCase } from './case.js';
import type { Effect } from './effect.js';
import type { Side } from './side.js';

export interface Comparison {
  readonly one: FidelityCase;
  readonly bare: Effect;
  readonly guarded: Effect;
  /** Names of what is not the same, and `exit` when the bare tool did not end as the case says. */
  readonly differ: readonly string[];
}

export interface Sides {
  readonly bare: Side;
  readonly guarded: Side;
}

export async function closeSides({ bare, guarded }: Sides): Promise<void> {
  await Promise.all([bare.close(), guarded.close()]);
}

export async function compare(one: FidelityCase, sides: Sides): Promise<Comparison> {
  const [bare, guarded] = await Promise.all([sides.bare.run(one), sides.guarded.run(one)]);
  const fields = ['code', 'stdout', 'stderr', 'files', 'upstream'] as const;
  const differ: string[] = fields.filter((field) => bare[field] !== guarded[field]);
  if (bare.code !== (one.exit ?? 0)) differ.push('exit');
  return { one, bare, guarded, differ };
}

/** One line of the table; below it what differs, both sides. */
export function report({ one, bare, guarded, differ }: Comparison): string {
  const command = one.argv.join(' ').replaceAll('\n', '↵').slice(0, 90);
  const head = `${differ.length === 0 ? 'same  ' : 'DIFFER'} ${String(bare.code).padStart(3)}  ${one.id.padEnd(26)} ${command}`;
  const details = differ.flatMap((name) => {
    if (name === 'exit')
      return [
        `         the bare tool ended with ${bare.code}, the case says ${one.exit ?? 0}: ${JSON.stringify(bare.stderr.slice(0, 300))}`,
      ];
    const field = name as keyof Effect;
    return [
      `         ${name} bare    ${shown(bare[field], guarded[field])}`,
      `         ${name} guarded ${shown(guarded[field], bare[field])}`,
    ];
  });
  return [head, ...details].join('\n');
}

/** The first line that is not the other's, and what follows. */
function shown(value: Effect[keyof Effect], other: Effect[keyof Effect]): string {
  const [lines, others] = [String(value).split('\n'), String(other).split('\n')];
  const first = lines.findIndex((line, at) => line !== others[at]);
  return JSON.stringify(lines.slice(Math.max(0, first)).join('\n').slice(0, 500));
}
