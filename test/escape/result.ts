// What an attempt came to, and what it is held against.

import type { Level } from '../../src/isolation/levels.js';

/** One way of one attempt. */
export interface Try {
  row: number;
  try: string;
  /** It got what it wanted. */
  reached: boolean;
  /** What was in the way. */
  said: string;
}
/** What must go on working, by name. */
export type Works = Record<string, unknown>;

export interface Outcome {
  user: string;
  /** `outside`: the control. */
  level: Level | 'outside';
  tries: Try[];
  works: Works;
  /** Why there is no such level here. */
  absent?: string;
}

export function tried(row: number, way: string, reached: boolean, said = ''): Try {
  return { row, try: way, reached, said: reached ? '' : said };
}
