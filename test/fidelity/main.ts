import { CLIS } from '../helpers/installed-aws.js';
import { report } from './compare.js';
import { type Round, moreRounds, rounds, runRound } from './plan.js';

const ROUNDS: Readonly<Record<string, Partial<Round>>> = {
  /** Without the zygote of aws. */
  '--spawn': { zygote: 'off' },
  /** With it and without it, both guarded. */
  '--against-spawn': { against: 'spawned' },
};

/** @param words parts of ids, every case without any; and how the sides differ. @returns the exit code: 1 when anything differs */
export async function main(words: readonly string[]): Promise<number> {
  const wanted = words.filter((word) => ROUNDS[word] === undefined);
  const how = Object.assign({}, ...words.map((word) => ROUNDS[word])) as Partial<Round>;
  const isWanted = ({ id }: { id: string }): boolean =>
    wanted.length === 0 || wanted.some((part) => id.includes(part));
  let compared = 0;
  let different = 0;
  for (const round of [...rounds(CLIS), ...moreRounds(CLIS)]) {
    const cases = round.cases.filter(isWanted);
    if (cases.length === 0) continue;
    process.stdout.write(`\n${round.name}\n`);
    await runRound({ ...round, ...how, cases }, (comparison) => {
      compared += 1;
      different += comparison.differ.length === 0 ? 0 : 1;
      process.stdout.write(`${report(comparison)}\n`);
    });
  }
  process.stdout.write(`\n${compared} compared, ${different} differ\n`);
  return different === 0 && compared > 0 ? 0 : 1;
}
