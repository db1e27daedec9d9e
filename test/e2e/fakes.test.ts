// The fakes are evidence in every other end-to-end test, so they are tested first and with the bare, real CLIs:
// every command that must work under Turret works without it, and says the same twice.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAKE_AWS_KEY } from '../fakes/aws.js';
import { startBareWorld, type BareWorld, type Ran } from '../helpers/bare-cli.js';
import { CLIS } from '../helpers/installed-aws.js';

interface BenignCase {
  readonly id: string;
  readonly tool: 'aws' | 'gh';
  readonly argv: readonly string[];
}

const benign: readonly BenignCase[] = readFileSync(path.resolve('test/vectors/corpus/benign.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

let world: BareWorld;

beforeAll(async () => {
  world = await startBareWorld([FAKE_AWS_KEY]);
});

afterAll(() => world.close());

beforeEach(() => world.reset());

const runBenign = ({ tool, argv }: BenignCase, cli?: string): Promise<Ran> =>
  tool === 'aws'
    ? world.runAws(argv, cli === undefined ? {} : { cli })
    : world.runGh(argv, undefined, 'body from stdin\n');

describe('every benign command of the corpus', () => {
  it.each(benign)('$id $tool $argv works bare, twice with the same bytes', async (one) => {
    const [first, second] = await Promise.all([runBenign(one), runBenign(one)]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(second).toEqual(first);
    const requests = one.tool === 'aws' ? world.aws.requests : world.github.requests;
    expect(requests.every(({ verified }) => verified)).toBe(true);
    const isLocal = one.argv.includes('--version') || one.argv.includes('version');
    expect(requests.length > 0).toBe(!isLocal);
  });

  it.each(CLIS.slice(1))('works with %s too, which speaks other protocols', async (cli) => {
    const cases = benign.filter(({ tool }) => tool === 'aws');
    const half = Math.ceil(cases.length / 2);
    const runAll = async (some: readonly BenignCase[]): Promise<void> => {
      for (const one of some) {
        const ran = await runBenign(one, cli);
        expect({ ...ran, argv: one.argv }).toMatchObject({ code: 0, stderr: '' });
      }
    };
    await Promise.all([runAll(cases.slice(0, half)), runAll(cases.slice(half))]);
    expect(world.aws.requests.every(({ verified }) => verified)).toBe(true);
  });
});
