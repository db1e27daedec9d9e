import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
