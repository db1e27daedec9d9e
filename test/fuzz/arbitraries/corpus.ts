// The command lines of the attack corpus, as seeds.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';

const WORD_MAX = 2_000;

/** Root of the project, from the sources and from the bundle in dist/test/fuzz. */
function root(): string {
  const here = fileURLToPath(import.meta.url);
  return here.slice(0, here.lastIndexOf(here.includes('/dist/') ? '/dist/' : '/test/'));
}

export function corpusArgv(tool: string): fc.Arbitrary<string[]> {
  const lines = ['attacks', 'benign'].flatMap((name) =>
    readFileSync(`${root()}/test/vectors/corpus/${name}.jsonl`, 'utf8').trimEnd().split('\n'),
  );
  const cases = lines.map((line) => JSON.parse(line) as { tool: string; argv?: string[] });
  const argvs = cases.flatMap(({ tool: of, argv }) =>
    of === tool && argv?.every((word) => word.length < WORD_MAX) ? [argv] : [],
  );
  return fc.constantFrom(...argvs);
}
