// One attack, or one command that must keep working, as the corpora in test/vectors/corpus have it.

import { readFileSync } from 'node:fs';
import path from 'node:path';

export type Expected = 'deny' | 'allow' | 'allow-but-contained' | 'allow-but-redact';

export interface AttackCase {
  readonly id: string;
  /** `os`: run by the agent itself; `socket`: bytes on its socket, described by `stdin`. */
  readonly tool: 'aws' | 'gh' | 'os' | 'socket';
  readonly category: string;
  readonly argv: readonly string[];
  readonly expected: Expected;
  readonly why: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In the working directory, or below HOME (`~/`); `-> x` is a link to x, a name that ends in `/` a directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** What upstream answers with. */
  readonly response?: string;
  readonly setup?: string;
  /** Policy of test/fixtures that it is tried under; p0 when left out. */
  readonly policy?: string;
}

const CORPUS = path.resolve('test/vectors/corpus');

function read(name: string): AttackCase[] {
  return readFileSync(path.join(CORPUS, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): AttackCase => JSON.parse(line));
}

/** Every case there is: the corpus, our own additions to it, and what must keep working. */
export function loadCases(): AttackCase[] {
  return [...read('attacks'), ...read('attacks-own'), ...read('benign')];
}

/** What the resolvers and the policy refuse by its words alone; unit tests have every one of these, too. */
const isRefusedCommandLine = ({ tool, expected, stdin, env, files, setup }: AttackCase): boolean =>
  (tool === 'aws' || tool === 'gh') &&
  expected === 'deny' &&
  [stdin, env, files, setup].every((more) => more === undefined);

/** One in `n` of the refused command lines, and everything else. */
export function thinned(cases: readonly AttackCase[], n: number): AttackCase[] {
  let nth = 0;
  return cases.filter((one) => !isRefusedCommandLine(one) || nth++ % n === 0);
}
