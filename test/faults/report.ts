// docs/faults.md, from what was seen.

import { readFileSync } from 'node:fs';
import { release } from 'node:os';

import type { Fault, Outcome } from './fault.js';
import type { Observed } from './kill.js';
import { MOMENTS, type Row } from './matrix.js';
import { table } from './table.js';

export interface KillSeen {
  row: Row;
  observed: Observed;
  wrong: string[];
}
export interface FaultSeen {
  fault: Fault;
  outcome: Outcome;
}

const NOTHING = '–';

/** The whole document. What it says of a moment and of a word is fixed; every figure is of this run. */
export function reportOf(kills: readonly KillSeen[], faults: readonly FaultSeen[]): string {
  const template = readFileSync('test/faults/faults.md.in', 'utf8');
  const parts: Record<string, string> = {
    WHERE: `Node ${process.versions.node}, Linux ${release()}`,
    KILLS: String(kills.length),
    KILLS_WRONG: String(kills.filter(({ wrong }) => wrong.length > 0).length),
    NAMESPACED: killTable(kills.filter(({ row }) => row.isolation === 'namespaced')),
    NONE: killTable(kills.filter(({ row }) => row.isolation === 'none')),
    SLOWEST: slowest(kills),
    FAULTS: faultTable(faults),
  };
  return template.replaceAll(/\{\{([A-Z_]+)\}\}/g, (_, name: string) => parts[name] ?? '');
}

function killTable(kills: readonly KillSeen[]): string {
  const inOrder = [...kills].sort((a, b) => MOMENTS.indexOf(a.row.moment) - MOMENTS.indexOf(b.row.moment));
  return table(
    [
      'moment',
      'killed',
      '`turret run`',
      'call',
      'next',
      'another',
      'in the log',
      'log',
      'left',
      'as expected',
    ],
    inOrder.map(({ row, observed, wrong }) => [
      row.moment,
      row.absent ? `${row.victim} (there is none)` : row.victim,
      String(observed.run),
      codeOf(observed.held),
      observed.again === undefined ? NOTHING : `${observed.again} (${observed.againMs} ms)`,
      codeOf(observed.other),
      observed.fate ?? 'not asked for',
      `${observed.verify.code === 0 ? 'verifies' : 'DAMAGED'}, ${observed.end ?? 'no end'}`,
      observed.left.length === 0 ? 'nothing' : `${observed.left.length} processes`,
      verdict(wrong),
    ]),
  );
}

function faultTable(faults: readonly FaultSeen[]): string {
  return table(
    ['fault', 'exit codes', 'as expected'],
    faults.map(({ fault, outcome }) => [fault.title, outcome.saw || 'nothing ran', verdict(outcome.wrong)]),
  );
}

function slowest(kills: readonly KillSeen[]): string {
  const took = kills.flatMap(({ observed }) => observed.againMs ?? []);
  const before = kills.map(({ observed }) => observed.beforeMs).sort((a, b) => a - b);
  return `${Math.max(0, ...took)} ms; the same process without any fault took ${before[before.length >> 1]} ms (median)`;
}

function codeOf(code: number | undefined): string {
  return code === undefined ? NOTHING : String(code);
}

function verdict(wrong: readonly string[]): string {
  return wrong.length === 0 ? 'yes' : `NO: ${wrong.join('; ')}`;
}
