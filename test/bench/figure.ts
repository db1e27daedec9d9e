import type { Sides } from './measure.js';

export interface Figure {
  /** What people type: `npm run bench -- G3`. */
  readonly name: string;
  readonly title: string;
  /** The ratio is to be at most this. */
  readonly goal: number;
  readonly stretch?: number;
  readonly rounds?: number;
  open(): Promise<Sides>;
}
