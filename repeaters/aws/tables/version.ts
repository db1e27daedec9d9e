// Which generated table serves which installed CLI. A newer CLI is served by the nearest older table of its major version:
// what that table does not know is refused, never guessed.

import { TurretError } from '../../../src/errors.js';

const VERSION = /^(\d{1,4})\.(\d{1,5})\.(\d{1,5})$/;

function numbers(version: string): [number, number, number] | undefined {
  const match = VERSION.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function compare(a: [number, number, number], b: [number, number, number]): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** The newest of `available` that is not newer than `wanted` and has the same major version. Throws TurretError('unresolvable'). */
export function nearestVersion(wanted: string, available: string[]): string {
  const want = numbers(wanted);
  const older = available.filter((version) => {
    const have = numbers(version);
    return want !== undefined && have !== undefined && have[0] === want[0] && compare(have, want) <= 0;
  });
  const best = older.toSorted((a, b) => compare(numbers(b)!, numbers(a)!))[0];
  if (best !== undefined) return best;
  throw new TurretError(
    'unresolvable',
    `no command table fits the installed aws CLI ${want === undefined ? '(version unreadable)' : wanted}`,
    {
      hints: [
        `install one of ${available.join(', ')} or newer, or generate its table with scripts/aws-tables.py`,
      ],
    },
  );
}
