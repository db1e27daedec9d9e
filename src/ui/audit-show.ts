// `turret audit show`: one call in full, every byte of it visible.

import { escapeForeign, escapeWord } from '../audit/escape.js';
import { textOf } from '../audit/summary.js';
import type { ReadLine } from '../audit/read-line.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { commandOf, outcomeOf } from './audit-line.js';
import { reasonWords } from './audit-words.js';
import type { Colors } from './colors.js';

/** Everything recorded about one call. `signed`: whether the request carries a good signature of the session's token. */
export interface ShownCall {
  session: string;
  call: string;
  signed: boolean | undefined;
  records: JsonObject[];
}

export function showLines(shown: ShownCall, records: readonly ReadLine[], colors: Colors): string[] {
  const lines = [
    `${colors.bold(`call ${escapeForeign(shown.call)}`)} of session ${shown.session.slice(0, 8)}`,
  ];
  for (const { type, value } of records) {
    if (type === 'call.decided') lines.push(...decisionLines(value, colors));
    else if (type === 'call.refused') lines.push(...refusalLines(value, colors));
    else if (type === 'call.finished')
      lines.push(field('finished', `${escapeForeign(textOf(value['ts']))}  ${outcomeOf(value)}`));
    else lines.push(field('also', escapeForeign(JSON.stringify(value))));
  }
  const isOpen = records.some(({ type, value }) => type === 'call.decided' && value['effect'] === 'allow');
  if (isOpen && !records.some(({ type }) => type === 'call.finished')) {
    lines.push(field('finished', colors.yellow('not recorded: it still runs, or nobody knows')));
  }
  lines.push(field('signature', signatureWords(shown.signed, colors)));
  return lines;
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(10)}${value}`;
}

function signatureWords(signed: boolean | undefined, colors: Colors): string {
  if (signed === undefined) return 'none recorded';
  return signed
    ? `${colors.green('good')}: made with this session's token`
    : colors.red("bad: not made with this session's token");
}

function decisionLines(value: JsonObject, colors: Colors): string[] {
  const allowed = value['effect'] === 'allow';
  const [rule, source, reason] = ['rule', 'source', 'reason'].map((name) => textOf(value[name]));
  const typed = commandOf(value);
  const lines = [
    field('decided', escapeForeign(textOf(value['ts']))),
    ...askedBy(value),
    field('effect', allowed ? colors.green('allow') : colors.red('deny')),
    field('rule', rule === '' ? 'none' : escapeForeign(`${rule}${source === '' ? '' : ` (${source})`}`)),
  ];
  if (!allowed) lines.push(field('reason', escapeForeign(reasonWords(reason ?? ''))));
  if (typed !== '') lines.push(field('typed', typed));
  const capabilities = Array.isArray(value['capabilities']) ? value['capabilities'] : [];
  return [...lines, ...capabilities.flatMap((one) => capabilityLines('needs', one)), ...noteLines(value)];
}

function refusalLines(value: JsonObject, colors: Colors): string[] {
  const typed = commandOf(value);
  return [
    field('refused', escapeForeign(textOf(value['ts']))),
    ...askedBy(value),
    field(
      'reason',
      `${colors.red(escapeForeign(textOf(value['code'])))}: ${escapeForeign(textOf(value['reason']))}`,
    ),
    ...(typed === '' ? [] : [field('typed', typed)]),
    ...(textOf(value['action']) === '' ? [] : capabilityLines('asked', value)),
    ...noteLines(value),
  ];
}

function askedBy(value: JsonObject): string[] {
  const agent = textOf(value['agent']);
  return agent === ''
    ? []
    : [field('asked by', `${escapeForeign(agent)} (${escapeForeign(textOf(value['kid']))})`)];
}

function capabilityLines(name: string, capability: Json): string[] {
  if (typeof capability !== 'object' || capability === null || Array.isArray(capability)) return [];
  const params = capability['params'];
  const rows =
    typeof params === 'object' && params !== null && !Array.isArray(params) ? Object.entries(params) : [];
  return [
    field(name, escapeForeign(textOf(capability['action']))),
    ...rows.map(([param, value]) => field('', `${escapeForeign(param)} = ${paramText(value)}`)),
  ];
}

function paramText(value: Json): string {
  return typeof value === 'string' ? escapeWord(value) : escapeForeign(JSON.stringify(value));
}

function noteLines(value: JsonObject): string[] {
  const notes: string[] = [];
  if (typeof value['redacted'] === 'number')
    notes.push(field('redacted', `${value['redacted']} secrets were taken out before writing`));
  if (typeof value['cut'] === 'number') notes.push(field('cut', `${value['cut']} over-long values`));
  return notes;
}
