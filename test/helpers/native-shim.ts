// The parts of the native shim, asked one question after the other: shims/native/test/vectors.c.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where another machine's is, for the tests of that (scripts/cross.mjs). */
const EMULATED = process.env['TURRET_TEST_EMULATED'];
const DIRECTORY = EMULATED ?? fileURLToPath(new URL('../../dist/native', import.meta.url));
const BUILT = join(DIRECTORY, 'turret-shim-vectors');
export const NATIVE_SHIM = join(DIRECTORY, 'turret-shim');
/** MiB that a process of it holds at most; an emulator has memory of its own. */
export const NATIVE_MIB_MAX = EMULATED === undefined ? 6 : 30;

export type Question = (string | number | Uint8Array)[];

/** One answer for each question: a word and what it is asked about. Fails when the program does. */
export function ask(questions: Question[], program = BUILT): string[] {
  const input = questions.map((words) => `${words.map(hex).join(' ')}\n`).join('');
  const { status, signal, stdout, stderr, error } = spawnSync(program, {
    input,
    encoding: 'utf8',
    env: { ASAN_OPTIONS: 'detect_leaks=0' }, // looking for leaks needs ptrace, which not every machine grants
    maxBuffer: 1 << 28,
  });
  if (status !== 0)
    throw new Error(
      `${program} ended with ${status ?? signal ?? error?.message}; npm run build makes it\n${stderr}`,
    );
  const answers = stdout.split('\n').slice(0, -1);
  if (answers.length !== questions.length)
    throw new Error(`${questions.length} questions, ${answers.length} answers`);
  return answers;
}

function hex(word: string | number | Uint8Array): string {
  return Buffer.from(typeof word === 'number' ? String(word) : word).toString('hex');
}

/** `no NAME MESSAGE`, its message as text. */
export function refusal(answer: string): { name: string; message: string } | undefined {
  const { name, message = '' } = /(?:^|;)no (?<name>\w+) (?<message>[0-9a-f]*)$/.exec(answer)?.groups ?? {};
  return name === undefined ? undefined : { name, message: Buffer.from(message, 'hex').toString() };
}
