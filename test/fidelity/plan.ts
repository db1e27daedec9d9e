// Which cases are compared with which tools and which policy.

import { configText } from '../helpers/turret.js';
import { AWS_CASES } from './aws-cases.js';
import { benignCases, type FidelityCase } from './case.js';
import { compare, type Comparison } from './compare.js';
import { GH_CASES } from './gh-cases.js';
import { bareSide, guardedSide } from './side.js';

export interface Round {
  readonly name: string;
  /** The aws that is compared. */
  readonly cli: string;
  /** Of test/fixtures. */
  readonly policy: 'p0.yaml' | 'everything.yaml';
  readonly cases: readonly FidelityCase[];
}

/** Every corpus case under its own policy, then the rest under one that allows it. */
export function rounds(clis: readonly string[]): Round[] {
  const benign = benignCases();
  return clis.flatMap((cli, at): Round[] => {
    const own = (cases: readonly FidelityCase[]): FidelityCase[] =>
      cases.filter(({ argv }) => at === 0 || usesAws(argv));
    return [
      { name: `corpus, ${cli}`, cli, policy: 'p0.yaml', cases: own(benign) },
      { name: `more, ${cli}`, cli, policy: 'everything.yaml', cases: own([...AWS_CASES, ...GH_CASES]) },
    ];
  });
}

const usesAws = (argv: readonly string[]): boolean => argv[0] === 'aws' || (argv[0] === 'sh' && /^aws /.test(argv[2] ?? ''));

/** Runs a round; every comparison is given to `each` as soon as it is made. */
export async function runRound(round: Round, each: (comparison: Comparison) => void): Promise<void> {
  const [bare, guarded] = await Promise.all([
    bareSide(round.cli),
    guardedSide((endpoints) => configText(round.policy, { ...endpoints, cli: round.cli })),
  ]);
  try {
    for (const one of round.cases) each(await compare(one, { bare, guarded }));
  } finally {
    await Promise.all([bare.close(), guarded.close()]);
  }
}
