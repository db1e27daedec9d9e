// Runs cases of one target and says what was found.

import { check, type Parameters } from 'fast-check';

import { checkPrototypes, type FuzzTarget } from './target.js';

export interface Batch {
  cases: number;
  /** Shrunk counterexample, seed and error; undefined when every case held. */
  failure: string | undefined;
}

/**
 * @param path where a found counterexample is, to see exactly that one again
 * @param msMax after which no further case is begun, also none of the search for a smaller counterexample
 */
export async function runBatch(
  target: FuzzTarget,
  { numRuns, seed, path, msMax }: { numRuns: number; seed: number; path?: string; msMax?: number },
): Promise<Batch> {
  const parameters: Parameters<unknown> = {
    numRuns,
    seed,
    ...(path === undefined ? {} : { path }),
    ...(msMax === undefined ? {} : { interruptAfterTimeLimit: msMax }),
  };
  const details = await check(target.property, parameters);
  checkPrototypes();
  if (!details.failed) return { cases: details.numRuns, failure: undefined };
  const { counterexample, counterexamplePath, errorInstance, numShrinks } = details;
  const error =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  const again = `npm run fuzz -- --only ${target.name} --seed ${details.seed} --path ${counterexamplePath ?? ''}`;
  const failure = [
    `${target.name}: ${target.claim}`,
    `does not hold for (after ${numShrinks} steps of shrinking)`,
    JSON.stringify(counterexample, (_key, value: unknown) =>
      value instanceof Uint8Array
        ? `hex:${Buffer.from(value).toString('hex')}`
        : typeof value === 'bigint'
          ? String(value)
          : value,
    ),
    error.split('\n').slice(0, 12).join('\n'),
    `again: ${again}`,
  ].join('\n');
  return { cases: details.numRuns, failure };
}
