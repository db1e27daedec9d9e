// docs/agents.md, from what was seen.

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';

import type { TestedAgent } from './agents.js';
import { INSTALLED } from './installed.js';
import type { Sitting } from './interactive.js';
import { wrongWith } from './judge.js';
import type { Run } from './run-agent.js';
import { transcriptOf } from './transcript.js';

export interface Seen {
  readonly agents: readonly TestedAgent[];
  readonly asRoot: readonly Run[];
  readonly asUser: readonly Run[];
  readonly sittings: readonly Sitting[];
}

const TEMPLATE = 'test/agents/agents.md.in';

export function reportOf({ agents, asRoot, asUser, sittings }: Seen): string {
  const of = (runs: readonly Run[], agent: TestedAgent): string => {
    const run = runs.find((each) => each.agent === agent);
    if (run === undefined) return 'not run';
    return wrongWith(run).length === 0 ? `works, ${(run.ms / 1_000).toFixed(1)} s` : '**fails**';
  };
  const rows = agents.map((agent) => {
    const sitting = sittings.find((each) => each.agent === agent);
    const person = sitting === undefined ? 'not run' : sitting.failed === undefined ? 'works' : '**fails**';
    const { package: name, command } = agent;
    return `| \`${command}\` | ${name} ${versionOf(name)} | ${of(asRoot, agent)} | ${of(asUser, agent)} | ${person} |`;
  });
  const keys = sittings.map(
    ({ agent, code }) =>
      `| \`${agent.command}\` | ${agent.interrupt.join(' ')} | ${agent.leave.join(' ')} | ${code ?? '**fails**'} |`,
  );
  const transcripts = asRoot.map(
    (run) => `### ${run.agent.command}\n\n\`\`\`\n${transcriptOf(run)}\n\`\`\`\n`,
  );
  return readFileSync(TEMPLATE, 'utf8')
    .replace('{{WHERE}}', `Node ${process.versions.node}, Linux ${release()}`)
    .replace('{{RUNS}}', () => rows.join('\n'))
    .replace('{{SITTINGS}}', () => keys.join('\n'))
    .replace('{{TRANSCRIPTS}}', () => transcripts.join('\n').trim());
}

function versionOf(name: string): string {
  const file = path.join(INSTALLED, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
