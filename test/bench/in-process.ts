// What grows: the log and the policy. In this process, because a process around them would hide it.

import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { LogVerifier } from '../../src/audit/verify.js';
import { LOG_FILE } from '../../src/platform/audit-file.js';
import { compile, type CompiledPolicy } from '../../src/policy/compile.js';
import { decide } from '../../src/policy/decide.js';
import { HOST, START, decided, openWriter, temporaryDirectory } from '../unit/audit/records.js';
import { request, rule } from '../unit/policy/samples.js';
import type { Figure } from './figure.js';
import type { Sides } from './measure.js';

const SHORT_LOG = 1_000;
const LONG_LOG = 1_000_000;
const BATCH = 500;
const FEW_RULES = 100;
const MANY_RULES = 10_000;
const DECISIONS = 2_000;

export const figuresInProcess: readonly Figure[] = [
  {
    name: 'G8-append',
    title: 'a record appended to a log of 10⁶ / of 10³',
    goal: 1.2,
    rounds: 30,
    why: 'Nothing that an append does grows with the log: one hash in it and on average one in the tree. What differs is the disk: in the rounds right after the long log was written both sides took twice as long as later.',
    open: appending,
  },
  {
    name: 'G8-verify',
    title: 'a record verified / a record appended',
    goal: 1,
    open: verifying,
  },
  {
    name: 'G12',
    title: 'a decision under 10,000 rules / under 100',
    goal: 3,
    stretch: 1.2,
    rounds: 30,
    open: deciding,
  },
];

class Log {
  readonly directory = temporaryDirectory();
  readonly #writer = openWriter(this.directory);
  #calls = 0;

  constructor(records: number) {
    this.#writer.append(START);
    this.append(records);
  }

  /** @returns milliseconds */
  append(records: number): number {
    const from = performance.now();
    for (let end = this.#calls + records; this.#calls < end; this.#calls += 1)
      this.#writer.append(decided(`c${this.#calls}`, { effect: 'deny', reason: 'default' }));
    return performance.now() - from;
  }

  remove(): void {
    this.#writer.close();
    rmSync(this.directory, { recursive: true });
  }
}

async function appending(): Promise<Sides> {
  const long = new Log(LONG_LOG);
  return {
    subject: async () => long.append(BATCH),
    // A new one each time: it must not grow up to the other.
    async reference() {
      const short = new Log(SHORT_LOG);
      const ms = short.append(BATCH);
      short.remove();
      return ms;
    },
    close: async () => long.remove(),
  };
}

async function verifying(): Promise<Sides> {
  const log = new Log(0);
  log.append(10_000);
  const file = path.join(log.directory, LOG_FILE);
  return {
    async subject() {
      const text = readFileSync(file);
      const from = performance.now();
      const verifier = new LogVerifier({ hostKey: HOST.publicKey, checkpoints: undefined });
      let lines = 0;
      for (let at = 0, end = text.indexOf(10); end >= 0; at = end + 1, end = text.indexOf(10, at)) {
        verifier.line(text.subarray(at, end));
        lines += 1;
      }
      verifier.finish();
      return (performance.now() - from) / lines;
    },
    async reference() {
      const other = new Log(0);
      const ms = other.append(10_000);
      other.remove();
      return ms / 10_000;
    },
    close: async () => log.remove(),
  };
}

async function deciding(): Promise<Sides> {
  const few = policyOf(FEW_RULES);
  const many = policyOf(MANY_RULES);
  return {
    subject: async () => decideMany(many),
    reference: async () => decideMany(few),
    close: async () => {},
  };
}

/** Rules of many actions and buckets, as they come from files that people write. */
function policyOf(count: number): CompiledPolicy {
  const rules = Array.from({ length: count }, (_, at) =>
    rule('allow', [`aws.service_${at % (count / 10)}.get_thing`], {
      id: `rule-${at}`,
      where: { bucket: { glob: [`team-${at}-*`] } },
    }),
  );
  return compile({ rules, limits: [] });
}

function decideMany(policy: CompiledPolicy): number {
  const from = performance.now();
  for (let at = 0; at < DECISIONS; at += 1) {
    const asked = request(`aws.service_${at % 10}.get_thing`, { bucket: `team-${at % 10}-x` });
    if (decide(policy, asked).effect !== 'allow') throw new Error('it is to be allowed');
  }
  return performance.now() - from;
}
