// What `turret init` says to people.

import type { InitResult } from '../setup/init.js';
import type { Survey } from '../setup/survey.js';
import { visible } from './visible.js';

/** After writing: what was found and what comes next. */
export function initLines({ file = '', found }: InitResult): string[] {
  const next =
    found === undefined ? ['it only narrows what your own turret.yaml allows'] : [...foundLines(found), ''];
  const agent = found?.agents[0]?.program ?? '<agent>';
  return [
    `wrote ${file}`,
    ...next,
    'next: turret doctor, turret policy show',
    `then: turret run -- ${agent}`,
  ].map(visible);
}

function foundLines({ tools, credentials, profiles, agents }: Survey): string[] {
  const lines = (['aws', 'gh'] as const).map((name) => {
    const { version, problem } = tools[name];
    return `  ${name.padEnd(3)}  ${version ?? problem ?? ''}; credentials: ${credentials[name].source}`;
  });
  const others = profiles.filter((name) => name !== 'default').length;
  if (others > 0)
    lines.push(`  ${others} more AWS profile${others === 1 ? '' : 's'}, as comments to switch on`);
  if (agents.length > 0) lines.push(`  agents: ${agents.map(({ program }) => program).join(', ')}`);
  return lines;
}
