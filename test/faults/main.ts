import { writeFileSync } from 'node:fs';

import { FAULTS } from './faults.js';
import { inParallel } from './in-parallel.js';
import { differences, kill, wrongWith } from './kill.js';
import { rowsOf } from './matrix.js';
import { type FaultSeen, type KillSeen, reportOf } from './report.js';

const AT_ONCE = 3;

/** @param words `--write`, and parts of names; everything when there are none. @returns the exit code */
export async function main(words: readonly string[]): Promise<number> {
  const wanted = words.filter((word) => word !== '--write');
  const isWanted = (name: string): boolean =>
    wanted.length === 0 || wanted.some((word) => name.includes(word));
  const rows = [...rowsOf('namespaced'), ...rowsOf('none')].filter(({ isolation, victim, moment }) =>
    isWanted(`kill ${isolation} ${victim} ${moment}`),
  );
  const faults = FAULTS.filter(({ id }) => isWanted(id));
  const kills: KillSeen[] = [];
  const killed = inParallel(AT_ONCE, rows, kill);
  for (const row of rows) {
    const observed = await killed.get(row);
    if (observed === undefined) continue;
    const wrong = [...differences(row, observed), ...wrongWith(row, observed)];
    kills.push({ row, observed, wrong });
    say(`kill -9 ${row.victim} ${row.moment} ${row.isolation}`, wrong);
  }
  const seen: FaultSeen[] = [];
  for (const fault of faults) {
    const outcome = await fault.run();
    seen.push({ fault, outcome });
    say(`${fault.title}: ${outcome.saw}`, outcome.wrong);
    if (outcome.wrong.length > 0) process.stdout.write(`${outcome.detail}\n`);
  }
  const bad = kills.filter(({ wrong }) => wrong.length > 0).length;
  const worse = seen.filter(({ outcome }) => outcome.wrong.length > 0).length;
  process.stdout.write(`${kills.length + seen.length} faults, ${bad + worse} not as documented\n`);
  if (words.includes('--write')) writeFileSync('docs/faults.md', reportOf(kills, seen));
  return bad + worse === 0 && kills.length + seen.length > 0 ? 0 : 1;
}

function say(what: string, wrong: readonly string[]): void {
  process.stdout.write(`${wrong.length === 0 ? 'ok    ' : 'WRONG '} ${what}\n`);
  for (const line of wrong) process.stdout.write(`         ${line}\n`);
}
