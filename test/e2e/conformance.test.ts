// `turret conformance` tells repeaters that keep the protocol from repeaters that do not. The good ones are the echo
// repeaters in three languages; the bad ones are named for what they do wrong.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { CHECKS } from '../../repeaters/sdk/conformance/checks.js';
import { type Launch, launchOf } from '../../repeaters/sdk/conformance/launch.js';
import {
  type CheckResult,
  type ConformanceOptions,
  runConformance,
} from '../../repeaters/sdk/conformance/run.js';
import { parseManifest } from '../../src/config/manifest.js';
import { compileParamsSchema } from '../../src/policy/params-schema.js';
import { BUILT } from '../helpers/repeater-bench.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = resolve(ROOT, 'test/fixtures/repeaters');

const schemaProblem: ConformanceOptions['schemaProblem'] = (schema) => {
  try {
    compileParamsSchema(schema);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

function conform(options: Omit<ConformanceOptions, 'schemaProblem'>): Promise<CheckResult[]> {
  return runConformance({ ...options, schemaProblem });
}

function fromManifest(file: string): Launch {
  const { value, problems } = parseManifest(readFileSync(file), file);
  if (value === undefined) throw new Error(JSON.stringify(problems));
  // The PATH of a repeater does not lead to the node of every machine.
  const command = value.command.map((word) => (word === 'node' ? process.execPath : word));
  return launchOf({ ...value, command }, BUILT);
}

beforeAll(() => {
  if (!existsSync(BUILT.host)) throw new Error('run npm run build first');
});

describe('a repeater that keeps the protocol', () => {
  it.each(['echo-ts.yaml', 'echo-py.yaml', 'echo-sh.yaml'])('passes every check: %s', async (file) => {
    const results = await conform(fromManifest(resolve(ROOT, 'repeaters/echo', file)));
    expect(results.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
    expect(results.map(({ id }) => id)).toEqual([...CHECKS.map(({ id }) => id), 'secret']);
  });

  it('passes every check without a line of our SDK', async () => {
    const results = await conform({ command: ['./does-everything-right.mjs'], directory: FIXTURES });
    expect(results.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
  });
});

const BAD: Record<string, string> = {
  'registers-under-another-name': 'registers',
  'says-hello-as-an-agent': 'registers',
  'registers-an-unusable-schema': 'registers',
  'never-registers': 'registers',
  'answers-ping-with-other-bytes': 'ping',
  'answers-answers': 'ping',
  'dies-of-unknown-frames': 'grease',
  'fails-what-it-declares': 'calls',
  'answers-on-the-first-stream': 'two-calls',
  'ends-without-fin': 'fin',
  'ends-twice': 'one-end',
  'never-gives-credit': 'stdin-credit',
  'gives-credit-for-nothing': 'stdin-credit',
  'ignores-credit': 'stdout-credit',
  'waits-for-more-credit-than-it-needs': 'stdout-credit',
  'loses-what-it-cannot-send': 'slow-reader',
  'ignores-cancel': 'cancel',
  'cancels-as-if-it-were-done': 'cancel',
  'performs-anything': 'unknown-action',
  'takes-frames-of-any-size': 'oversized',
  'skips-critical-frames': 'unknown-frame',
  'lives-on-without-a-broker': 'exits',
  'prints-its-secret': 'secret',
  'logs-its-secret-in-base64': 'secret',
};

describe('a repeater that does not', () => {
  it('has a fixture for every check, and every fixture is used', () => {
    const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.mjs'));
    const right = ['does-everything-right.mjs', 'raw-repeater.mjs'];
    expect(files.filter((file) => !right.includes(file)).sort()).toEqual(
      Object.keys(BAD)
        .map((name) => `${name}.mjs`)
        .sort(),
    );
    expect([...new Set(Object.values(BAD))].sort()).toEqual([...CHECKS.map(({ id }) => id), 'secret'].sort());
  });

  it.each(Object.entries(BAD))(
    '%s fails the check %s',
    async (fixture, check) => {
      // One that stays silent is waited for: long enough for a busy machine, short enough for the rest of us.
      const options = { command: [`./${fixture}.mjs`], directory: FIXTURES, answerMs: 1_500 };
      const results = await conform({ ...options, only: check === 'secret' ? ['calls'] : [check] });
      expect(results.find(({ id }) => id === check)?.verdict).toBe('failed');
    },
    20_000,
  );

  it('fails when it cannot be started, or ends at once', async () => {
    for (const command of [['./not-there'], ['/bin/true']]) {
      const [first] = await conform({ command, directory: FIXTURES, answerMs: 1_500, only: ['registers'] });
      expect([command[0], first?.verdict]).toEqual([command[0], 'failed']);
    }
  });
});
