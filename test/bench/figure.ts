import type { Sides } from './measure.js';

export interface Figure {
  /** What people type: `npm run bench -- G3`. */
  readonly name: string;
  readonly title: string;
  /** The ratio is to be at most this. */
  readonly goal: number;
  readonly stretch?: number;
  /** The ratio is to be at least that, and not at most. */
  readonly better?: 'more';
  /** It is no ratio, but what the subject returns (`absolute`). */
  readonly unit?: 'ms' | 'KiB' | 'MiB';
  readonly rounds?: number;
  /** Of one that misses its goal: where the time goes, what was tried, what it would take. */
  readonly why?: string;
  /** How it is measured, or why it cannot be. */
  readonly open: (() => Promise<Sides>) | { readonly absent: string };
}

export function reaches({ better }: Figure, goal: number, value: number): boolean {
  return better === 'more' ? value >= goal : value <= goal;
}
