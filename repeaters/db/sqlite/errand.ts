// What goes to the program that reads an SQLite file, and what its end means.

import type { ParamScalar } from '../../../src/protocol/messages.js';
import type { Format, ResultBounds } from '../result-text.js';

/** A file as it was when it was looked at. */
export interface Looked {
  path: string;
  /** Which file of which file system. */
  identity: string;
}

/** JSON on fd 3. */
export interface Errand {
  /** Absolute path of the library: what is beside the program differs from one installation to the next. */
  library: string;
  file: string;
  /** It, and what lies beside it. */
  looked: readonly Looked[];
  /** Nobody has it open, so that it needs no locks, and no files beside it. */
  immutable: boolean;
  /** A writer was ended, and what it began is to be undone first. */
  recovers: boolean;
  writes: boolean;
  /** How long it waits for somebody else's lock. */
  lockMs: number;
  sql: string;
  values: readonly ParamScalar[];
  format: Format;
  bounds: ResultBounds;
}

/** Exit codes. Whatever else comes is no end of ours. */
export const ENDS = {
  done: 0,
  /** It is on stderr why. */
  failed: 1,
  asked: 10,
  rows: 11,
  bytes: 12,
  locked: 13,
  noDatabase: 14,
  unopened: 15,
  exchanged: 16,
} as const;
