// The table of `turret conformance`.

import type { CheckResult } from '../../repeaters/sdk/conformance/run.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';

const MARKS = { passed: 'ok', failed: 'FAILED', 'not tried': 'not tried' } as const;

/** Lines for people: every check, then the count. */
export function conformanceLines(results: readonly CheckResult[], colors: Colors): string[] {
  const rows = results.map(({ verdict, id, claim, why }) => [
    MARKS[verdict],
    id,
    why === undefined ? claim : `${claim}: ${why}`,
  ]);
  const count = (verdict: CheckResult['verdict']): number =>
    results.filter((result) => result.verdict === verdict).length;
  const failed = count('failed');
  const sum = `${count('passed')} passed, ${failed} failed, ${count('not tried')} not tried`;
  return [
    ...tableLines(['', 'check', 'claim'], rows, colors.bold),
    '',
    failed === 0 ? colors.green(sum) : colors.red(sum),
  ];
}
