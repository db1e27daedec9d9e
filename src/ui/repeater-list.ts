// The table of `turret repeater list`.

import type { ListedRepeater } from '../setup/repeater-list.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';
import { visible } from './visible.js';

/** One row for each, then what is wrong and what is missing. */
export function repeaterLines(repeaters: readonly ListedRepeater[], colors: Colors): string[] {
  if (repeaters.length === 0)
    return ['no repeater is configured; turret init writes a turret.yaml with aws and gh'];
  const rows = repeaters.map(
    ({ name, kind, tools, builtIn, profile, user, sandbox, credential, endpoint }) => [
      name,
      kind,
      tools.join(', ') || '-',
      builtIn ? 'built in' : (profile ?? '-'),
      user ?? '-',
      sandbox ?? '-',
      endpoint ?? '-',
      credential === undefined ? 'none' : `${credential.found ? '' : 'missing: '}${credential.source}`,
    ],
  );
  const notes = repeaters.flatMap(({ name, credential, problems }) => [
    ...problems.map((problem) => colors.red(visible(`${name}: ${problem}`))),
    ...(credential?.fix === undefined
      ? []
      : [colors.yellow(visible(`${name}: its calls fail until a credential is there: ${credential.fix}`))]),
  ]);
  const table = tableLines(
    ['NAME', 'KIND', 'TOOLS', 'PROFILE', 'USER', 'SANDBOX', 'ENDPOINT', 'CREDENTIAL'],
    rows,
    colors.bold,
  );
  return notes.length === 0 ? table : [...table, '', ...notes];
}
