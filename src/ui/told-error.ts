// Whatever a command threw, as the one class of errors: what oclif says of wrong use is several lines with words of its own, and as
// JSON it is all that oclif knows.

import { escapeJson } from '../audit/escape.js';
import { nearest } from '../config/nearest.js';
import { TurretError } from '../errors.js';
import { noDirectory } from '../platform/working-directory.js';

const COMMAND_UNKNOWN = /^command (\S+) not found$/;
/** What oclif says around it: that there are errors, and where help is, which is our hint. */
const AROUND = /^(?:The following errors? occurred:|See more help with --help|)$/;

export interface Asked {
  /** The words that print the help of what was asked for: `turret audit show --help`. */
  help: string;
  /** Ids of all commands, `audit:show`. */
  commands?: readonly string[];
}

/** Of oclif it is `usage`; of a system that refuses, or of nobody knows what, `internal` with its own words. */
export function toldError(error: unknown, { help, commands = [] }: Asked): TurretError {
  if (error instanceof TurretError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'oclif' in error) return wrongUse(message, help, commands);
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') return noDirectory(error);
  const [first = ''] = message.split('\n');
  return new TurretError('internal', first === '' ? 'unknown error' : first, { cause: error });
}

function wrongUse(message: string, help: string, commands: readonly string[]): TurretError {
  const [, id] = COMMAND_UNKNOWN.exec(message) ?? [];
  if (id !== undefined) {
    const near = nearest(id, commands);
    const words = id.replaceAll(':', ' ');
    const hint =
      near === undefined
        ? 'turret --help lists the commands'
        : `did you mean turret ${near.replaceAll(':', ' ')}?`;
    return new TurretError('usage', `there is no command "${words}"`, { hints: [hint] });
  }
  const lines = message.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  const said = lines
    .filter((line) => !AROUND.test(line))
    .join('; ')
    .replaceAll(':;', ':');
  return new TurretError('usage', said.charAt(0).toLowerCase() + said.slice(1), { hints: [help] });
}

/** 2 for wrong use, which nothing was done for; else 1. */
export function exitCodeFor({ code }: TurretError): number {
  return code === 'usage' || code === 'config_invalid' || code === 'config_unreadable' ? 2 : 1;
}

/** What `--json` prints instead of a result. */
export function errorJson({ code, message, hints }: TurretError): {
  error: { code: string; message: string; hints: string[] };
} {
  return { error: { code, message, hints } };
}

/** JSON keeps bidi and C1 characters as they are, and a terminal obeys them; escaped they are the same value. */
export function jsonText(value: unknown): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
}
