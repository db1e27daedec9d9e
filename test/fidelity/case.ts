// One command line that has to do the same with and without Turret around it.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Which credentials the user has. */
export type Credentials = 'full' | 'read-only' | 'unknown';

export interface FidelityCase {
  readonly id: string;
  readonly argv: readonly string[];
  /** Exit code of the bare tool; 0 when left out. A case that fails by mistake would compare two mistakes. */
  readonly exit?: number;
  /** The same of aws v1, which says 255 where v2 says 252 or 254. */
  readonly exitV1?: number;
  /** /dev/null when left out. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In the working directory before it runs. */
  readonly files?: Readonly<Record<string, string>>;
  /** The working directory is a checkout with this branch and this `origin`. */
  readonly git?: { readonly branch: string; readonly origin: string };
  /** `full` when left out. */
  readonly credentials?: Credentials;
}

const NOTE = 'a note\n';

/** Every command of the corpus that must work, with the input it wants. */
export function benignCases(): FidelityCase[] {
  return readFileSync(path.resolve('test/vectors/corpus/benign.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): { id: string; tool: string; argv: string[] } => JSON.parse(line))
    .map(({ id, tool, argv }) => ({
      id,
      argv: [tool, ...argv],
      ...(argv.includes('-') ? { stdin: 'body from stdin\n' } : {}),
      ...(argv.includes('./note.md') ? { files: { 'note.md': NOTE } } : {}),
    }));
}
