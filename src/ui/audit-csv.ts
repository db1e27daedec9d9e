// `turret audit export --format csv`: one row per call (RFC 4180).

import { escapeForeign } from '../audit/escape.js';
import { numberOf, textOf } from '../audit/summary.js';
import type { ReadLine } from '../audit/read-line.js';
import type { JsonObject } from '../protocol/messages.js';
import { commandOf } from './audit-line.js';

const COLUMNS = [
  'ts',
  'session',
  'call',
  'command',
  'action',
  'effect',
  'rule',
  'reason',
  'exit',
  'ms',
  'in',
  'out',
  'agent',
] as const;

/** An escaped text as a field. A spreadsheet runs a cell that begins like a formula; a quote in front makes it text. */
function cell(safe: string): string {
  const plain = /^[=+\-@]/.test(safe) ? `'${safe}` : safe;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** The whole file, heading first. */
export function* exportLines(records: Iterable<ReadLine>): Generator<string> {
  yield COLUMNS.join(',');
  yield* rows(records);
}

/** Rows of the calls in a log. A call's end comes after its decision, so a row is given when it is complete or the log ends. */
function* rows(records: Iterable<ReadLine>): Generator<string> {
  const open = new Map<string, JsonObject>();
  for (const { type, value } of records) {
    const call = textOf(value['call']);
    if (type === 'call.decided' && value['effect'] === 'allow') open.set(call, value);
    else if (type === 'call.decided' || type === 'call.refused') yield row(value, undefined);
    else if (type === 'call.finished') {
      const decided = open.get(call);
      if (decided !== undefined) yield row(decided, value);
      open.delete(call);
    }
  }
  for (const decided of open.values()) yield row(decided, undefined);
}

function row(decided: JsonObject, finished: JsonObject | undefined): string {
  const number = (name: string): string => (finished === undefined ? '' : String(numberOf(finished[name])));
  const own = (name: string): string => escapeForeign(textOf(decided[name]));
  const exit = finished?.['exit'];
  return [
    own('ts'),
    own('sid'),
    own('call'),
    commandOf(decided),
    own('action'),
    own('effect') || 'refused',
    own('rule'),
    own('reason'),
    typeof exit === 'number' ? String(exit) : '',
    number('ms'),
    number('in'),
    number('out'),
    own('agent'),
  ]
    .map(cell)
    .join(',');
}
