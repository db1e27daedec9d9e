// What Turret says on stderr, always as `turret: …`. stdout is for data. Everything foreign is made visible first.

import { writeSync } from 'node:fs';

import { TurretError } from '../errors.js';
import { visible } from './visible.js';

export function say(line: string): void {
  try {
    // Not by process.stderr: opening it would make a pipe non-blocking for the agent, which shares it.
    writeSync(2, `turret: ${line}\n`);
  } catch {
    // Nobody reads it any more, or not fast enough for us to wait.
  }
}

/** One cause, then what to do next. */
export function sayError(error: unknown): void {
  for (const line of errorLines(error)) say(line);
}

/** The same without the `turret: ` before each line. */
export function errorLines(error: unknown): string[] {
  if (!(error instanceof TurretError)) {
    return [`error: ${visible(error instanceof Error ? error.message : String(error))}`];
  }
  const causes = error.message.split('\n').map((line) => `error: ${visible(line)}`);
  return [...causes, ...error.hints.map((hint) => `hint: ${visible(hint)}`)];
}
