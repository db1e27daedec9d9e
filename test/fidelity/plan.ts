// Which cases are compared with which tools and which policy.

import { configText } from '../helpers/turret.js';
import { AWS_CASES } from './aws-cases.js';
import { benignCases, type FidelityCase } from './case.js';
import { closeSides, compare, type Comparison, type Sides } from './compare.js';
import { GH_CASES } from './gh-cases.js';
import { MORE_AWS_CASES } from './more-aws-cases.js';
import { type Side, bareSide, guardedSide } from './side.js';

export interface Round {
  readonly name: string;
  /** The aws that is compared. */
  readonly cli: string;
  /** Of test/fixtures. */
  readonly policy: 'p0.yaml' | 'everything.yaml';
  readonly cases: readonly FidelityCase[];
  /** Of the guarded side's aws; `auto` when left out. */
  readonly zygote?: 'auto' | 'off';
  /** What it is compared with: the real tools, when left out. */
  readonly against?: 'spawned';
}

/** Of aws only, and too many for the check. @param clis v2 first, then v1 */
export function moreRounds(clis: readonly string[]): Round[] {
  return clis.map((cli, at) => ({
    name: `still more, ${cli}`,
    cli,
    policy: 'everything.yaml',
    cases: at === 0 ? MORE_AWS_CASES : forVersion1(MORE_AWS_CASES),
  }));
}

/** Every corpus case under its own policy, then the rest under one that allows it. @param clis v2 first, then v1 */
export function rounds(clis: readonly string[]): Round[] {
  return clis.flatMap((cli, at): Round[] => {
    const own = at === 0 ? (cases: readonly FidelityCase[]) => cases : forVersion1;
    return [
      { name: `corpus, ${cli}`, cli, policy: 'p0.yaml', cases: own(benignCases()) },
      { name: `more, ${cli}`, cli, policy: 'everything.yaml', cases: own([...AWS_CASES, ...GH_CASES]) },
    ];
  });
}

function forVersion1(cases: readonly FidelityCase[]): FidelityCase[] {
  return cases
    .filter(({ argv }) => argv[0] === 'aws' || (argv[0] === 'sh' && /\baws /.test(argv[2] ?? '')))
    .map((one) => {
      const exit = one.exitV1 ?? (one.exit === 252 || one.exit === 254 ? 255 : one.exit);
      return exit === undefined ? one : { ...one, exit };
    });
}

/** Both sides of a round, with fakes and agents of their own. */
export async function openRound({ cli, policy, zygote = 'auto', against }: Round): Promise<Sides> {
  const side = (mode: 'auto' | 'off'): Promise<Side> =>
    guardedSide((endpoints) => configText(policy, { ...endpoints, cli, zygote: mode }));
  const [bare, guarded] = await Promise.all([
    against === 'spawned' ? side('off') : bareSide(cli),
    side(zygote),
  ]);
  return { bare, guarded };
}

/** Runs a round; every comparison is given to `each` as soon as it is made. */
export async function runRound(round: Round, each: (comparison: Comparison) => void): Promise<void> {
  const sides = await openRound(round);
  try {
    for (const one of round.cases) each(await compare(one, sides));
  } finally {
    await closeSides(sides);
  }
}
