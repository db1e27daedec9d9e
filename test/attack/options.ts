import { parseArgs } from 'node:util';

import { INSTALLED_AWS, type InstalledAws } from '../helpers/installed-aws.js';
import { type AttackCase, loadCases, thinned } from './case.js';
import { TRIED_LEVELS } from './levels.js';

export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly controls: boolean;
  /** As root, where an ordinary user would be the more honest choice. */
  readonly asRoot: boolean;
  /** Whether docs/scoreboard.md is written: by itself only of everything. */
  readonly write: boolean;
  /** Results of earlier runs, to be one document; nothing is run. */
  readonly join: readonly string[];
  readonly levels: readonly string[];
  readonly clis: readonly InstalledAws[];
  readonly cases: readonly AttackCase[];
}

export const USAGE = `usage: npm run attack -- [--level NAME]… [--aws VERSION]… [--category NAME]… [--case ID]… [--thin N] [--no-controls] [--as-root] [--write] [--json] [--verbose]

Runs the attack corpora through the real path and writes docs/scoreboard.md; of a part of them only with --write.

  --level NAME      ${TRIED_LEVELS.join(', ')}; every one that this machine has
  --aws VERSION     the beginning of a version: 2, 1.45; every installed one at the first level, the first at the others
  --category NAME   aws-fileread, gh-api, benign, …
  --case ID         cases whose id has this in it
  --thin N          one in N of the command lines that are refused by their words, as check does
  --no-controls     without the same attacks on unguarded tools
  --as-root         the user is root (when you are)
  --write           docs/scoreboard.md, whatever was chosen
  --json            the results as one JSON object on stdout
  --join FILE       runs nothing; docs/scoreboard.md of what --json has said before, a level at a time
  --verbose         everything that was seen of each case, on stderr

examples:
  npm run attack
  npm run attack -- --level namespaced --aws 2
  npm run attack -- --level strict --category gh-host --category gh-api
  npm run attack -- --level none --case os-proc-01 --verbose
`;

/** Throws Error for what is not understood. */
export function parseOptions(argv: readonly string[]): Options {
  const many = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      level: many,
      aws: many,
      category: many,
      case: many,
      join: many,
      thin: { type: 'string' },
      json: flag,
      help: flag,
      verbose: flag,
      'as-root': flag,
      write: flag,
      'no-controls': flag,
    },
  });
  const { level, aws, category, case: ids, thin } = values;
  const levels = chosen('level', TRIED_LEVELS, level, (one, wanted) => one === wanted);
  const clis = chosen('aws', INSTALLED_AWS, aws, ({ version }, wanted) => version.startsWith(wanted));
  if (thin !== undefined && !/^[1-9]\d?$/.test(thin)) throw new Error('--thin is a number from 1 to 99');
  const cases = thinned(loadCases(), Number(thin ?? 1)).filter(
    (one) =>
      (category === undefined && ids === undefined) ||
      category?.includes(one.category) === true ||
      ids?.some((id) => one.id.includes(id)) === true,
  );
  if (cases.length === 0) throw new Error('no case has that id or category');
  const whole = [level, aws, category, ids, thin].every((choice) => choice === undefined);
  return {
    help: values.help,
    json: values.json,
    verbose: values.verbose,
    controls: !values['no-controls'],
    asRoot: values['as-root'],
    write: values.write || (whole && !values['no-controls'] && !values['as-root']),
    join: values.join ?? [],
    levels,
    clis,
    cases,
  };
}

function chosen<T>(
  name: string,
  all: readonly T[],
  wanted: readonly string[] | undefined,
  is: (one: T, wanted: string) => boolean,
): T[] {
  if (wanted === undefined) return [...all];
  const found = all.filter((one) => wanted.some((word) => is(one, word)));
  if (found.length === 0) throw new Error(`there is no ${name} ${wanted.join(', ')} here`);
  return found;
}
