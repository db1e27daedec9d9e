// The last word on a session: `turret audit verify`, and what a person sees of it.

import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { startOptions, userEnvironment } from './session.js';

/** What moves a cursor, fills a clipboard or turns text around. Newlines and colours of our own are fine. */
const OBEYED =
  /\u001b(?!\[[\d;]*m)|[\u0000-\u0008\u000b-\u001a\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069]/;

/** @returns `verified: …` or `FAILED: …` */
export function verifyLog(file: string, { lane, asUser }: { lane: number; asUser: boolean }): string {
  const session = path.basename(path.dirname(file)).split('-').at(-1) ?? '';
  const turret = (...words: string[]) =>
    spawnSync(process.execPath, [path.resolve('bin/turret.js'), 'audit', ...words], {
      env: userEnvironment(lane),
      encoding: 'utf8',
      ...startOptions(asUser),
      maxBuffer: 1 << 28,
    });
  const { status, stdout, stderr } = turret('verify', session);
  if (status !== 0) return `FAILED: audit verify ${session}: ${stdout.trim().split('\n')[0] ?? stderr}`;
  const list = turret('show', session);
  if (OBEYED.test(list.stdout)) return `FAILED: audit show ${session} prints what a terminal obeys`;
  return `verified: ${stdout.trim().split('\n')[0] ?? ''}`;
}
