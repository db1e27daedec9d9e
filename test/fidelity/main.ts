import { CLIS } from '../helpers/installed-aws.js';
import { report } from './compare.js';
import { rounds, runRound } from './plan.js';

/** @param wanted parts of ids; every case when empty. @returns the exit code: 1 when anything differs */
export async function main(wanted: readonly string[]): Promise<number> {
  const isWanted = ({ id }: { id: string }): boolean =>
    wanted.length === 0 || wanted.some((part) => id.includes(part));
  let compared = 0;
  let different = 0;
  for (const round of rounds(CLIS)) {
    const cases = round.cases.filter(isWanted);
    if (cases.length === 0) continue;
    process.stdout.write(`\n${round.name}\n`);
    await runRound({ ...round, cases }, (comparison) => {
      compared += 1;
      different += comparison.differ.length === 0 ? 0 : 1;
      process.stdout.write(`${report(comparison)}\n`);
    });
  }
  process.stdout.write(`\n${compared} compared, ${different} differ\n`);
  return different === 0 && compared > 0 ? 0 : 1;
}
