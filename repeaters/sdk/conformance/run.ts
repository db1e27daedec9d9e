// All checks against one repeater, each on a process of its own, and the search for the secret through all they wrote.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, Params } from '../../../src/protocol/messages.js';
import type { Check } from './bench.js';
import { spellings } from '../../../src/protocol/spellings.js';
import { CHECKS } from './checks.js';
import { Misbehaviour, Subject } from './subject.js';

export interface ConformanceOptions {
  /** Program and arguments; speaks TRT/1 on fd 3. */
  command: readonly string[];
  /** Where it is started. */
  directory: string;
  /** Its `config` on fd 4. */
  config?: JsonObject;
  /** Calls to make besides those of read-only actions. */
  asked?: readonly { action: string; params: Params }[];
  answerMs?: number;
  /** Variables the manifest lists; it is given the made-up secret in each. */
  secretNames?: readonly string[];
  /** Ids of the checks to make; all when left out. */
  only?: readonly string[];
  schemaProblem: (schema: JsonObject) => string | undefined;
}
export interface CheckResult {
  id: string;
  claim: string;
  verdict: 'passed' | 'failed' | 'not tried';
  /** Why it failed, or was not tried. */
  why?: string;
}

/** Name under which the repeater is configured for the time of the test. */
export const CONFORMANCE_NAME = 'subject';
/** The variable that holds the secret nobody may see again. */
const CONFORMANCE_SECRET = 'CONFORMANCE_SECRET';
const ANSWER_MS = 8_000;

/** Never throws for what the repeater does. */
export async function runConformance(options: ConformanceOptions): Promise<CheckResult[]> {
  const home = await mkdtemp(join(tmpdir(), 'turret-conformance-'));
  const secret = randomBytes(24).toString('hex');
  const results: CheckResult[] = [];
  let leakedIn: string | undefined;
  try {
    for (const check of CHECKS.filter(({ id }) => options.only?.includes(id) ?? true)) {
      const { result, written } = await runCheck(check, options, { home, secret });
      results.push(result);
      if (leakedIn === undefined && containsSecret(written, secret)) leakedIn = check.id;
      // Whoever does not get this far fails everything else for the same reason.
      if (check === CHECKS[0] && result.verdict === 'failed') break;
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  const claim = 'the secret of fd 4 comes out nowhere';
  results.push(
    leakedIn === undefined
      ? { id: 'secret', claim, verdict: 'passed' }
      : { id: 'secret', claim, verdict: 'failed', why: `it was written during the check ${leakedIn}` },
  );
  return results;
}

async function runCheck(
  { id, claim, run }: Check,
  options: ConformanceOptions,
  { home, secret }: { home: string; secret: string },
): Promise<{ result: CheckResult; written: Buffer }> {
  let subject: Subject | undefined;
  try {
    subject = await Subject.start({
      command: options.command,
      directory: options.directory,
      secrets: {
        name: CONFORMANCE_NAME,
        kind: CONFORMANCE_NAME,
        config: options.config ?? {},
        env: secretsNamed([CONFORMANCE_SECRET, ...(options.secretNames ?? [])], secret),
        directory: home,
        agent_writes: [],
        siblings: {},
      },
      answerMs: options.answerMs ?? ANSWER_MS,
    });
    const { schemaProblem, asked = [] } = options;
    const why = await run({ subject, name: CONFORMANCE_NAME, asked, schemaProblem });
    return {
      result: why === undefined ? { id, claim, verdict: 'passed' } : { id, claim, verdict: 'not tried', why },
      written: Buffer.concat(subject.written),
    };
  } catch (error) {
    if (!(error instanceof Misbehaviour)) throw error;
    return {
      result: { id, claim, verdict: 'failed', why: error.message },
      written: Buffer.concat(subject?.written ?? []),
    };
  } finally {
    subject?.kill();
    await subject?.exited;
  }
}

/** Every one the same: whichever it says is found. */
function secretsNamed(names: readonly string[], secret: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, secret]));
}

function containsSecret(written: Buffer, secret: string): boolean {
  return spellings(secret).some((form) => written.includes(form));
}
