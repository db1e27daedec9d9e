// One line of `turret doctor`.

/** `bad`: no session can start, or something is open that should not be. `warn`: works, but less than it could. */
export type CheckLevel = 'ok' | 'info' | 'warn' | 'bad';
export type CheckGroup = 'session' | 'isolation' | 'attempts' | 'tools' | 'credentials' | 'records';

export interface Check {
  /** Stable, for programs. */
  id: string;
  group: CheckGroup;
  what: string;
  /** One or two words: `ok`, `missing`, `stopped`, `not stopped`, `hidden`, `readable` … */
  state: string;
  level: CheckLevel;
  /** What was seen, or what follows from it. */
  why: string;
  /** What to type or to set. */
  fix?: string;
  /** No session can start while this is so. */
  blocks?: true;
}

/** A check without a fix that is not there; `exactOptionalPropertyTypes` wants it left out. */
export function withFix(check: Omit<Check, 'fix'>, fix: string | undefined): Check {
  return fix === undefined ? check : { ...check, fix };
}
