import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { verifyTarget } from '../../src/platform/audit-report.js';
import { verdictLines } from '../../src/ui/audit-verify.js';
import { colorsFor } from '../../src/ui/colors.js';
import type { World } from '../helpers/turret-world.js';

export interface LogRecord {
  type: string;
  ts: string;
  mono_us: number;
  call?: string;
  argv?: string[];
  action?: string;
  effect?: string;
  outcome?: string;
  code?: string;
  reason?: string;
}

/** Whole lines of the log of the last session, as far as it is written. */
export function readLog(world: World): LogRecord[] {
  const file = join(world.sessions().at(-1) ?? '', 'audit.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogRecord);
}

/** What `turret audit verify last` says and ends with, without a process for it in each of a hundred rows. */
export function verifyLast(world: World): { code: number | null; text: string } {
  try {
    const verdict = verifyTarget(world.state, 'last', undefined);
    return { code: verdict.ok ? 0 : 1, text: verdictLines(verdict, colorsFor({}, {})).join('\n') };
  } catch (error) {
    return { code: 2, text: String(error) };
  }
}
