// One record as one line, for `tail`, `grep` and `show`.

import { clip, escapeForeign, escapeWord } from '../audit/escape.js';
import { numberOf, textOf, textsOf } from '../audit/summary.js';
import type { ReadLine } from '../audit/read-line.js';
import type { JsonObject } from '../protocol/messages.js';
import { bytes, duration, reasonWords } from './audit-words.js';
import type { Colors } from './colors.js';

const WORDS_SHOWN_CHARACTERS = 160;

/** `aws s3 ls`, as somebody could have typed it, escaped. */
export function commandOf(value: JsonObject): string {
  const words = [textOf(value['tool']), ...textsOf(value['argv'])].filter(
    (word, index) => index > 0 || word !== '',
  );
  return words.map(escapeWord).join(' ');
}

function clockOf(value: JsonObject): string {
  return escapeForeign(textOf(value['ts'])).replace(/^.*T(.*)\.\d+Z$/, '$1');
}

/** How a call ended, escaped. */
export function outcomeOf(value: JsonObject): string {
  const exit =
    typeof value['exit'] === 'number'
      ? `exit ${value['exit']}`
      : textOf(value['signal']) || textOf(value['outcome']);
  const error = textOf(value['error']);
  const sizes = `in ${bytes(numberOf(value['in']))}, out ${bytes(numberOf(value['out']))}`;
  const redacted = numberOf(value['redacted']);
  const taken = redacted > 0 ? `, ${redacted} times a secret redacted` : '';
  const past = value['handoff'] === true ? ', past the broker' : '';
  return `${escapeForeign(exit)}${error === '' ? '' : ` (${escapeForeign(error)})`} after ${duration(numberOf(value['ms']))}, ${sizes}${past}${taken}`;
}

/** Everything else a type has to say, as `name=value`. */
function fieldsOf(value: JsonObject): string {
  const header = new Set([
    'v',
    'seq',
    'prev',
    'ts',
    'mono_us',
    'sid',
    'type',
    'key',
    'host_key',
    'certificate',
    'argv',
  ]);
  return Object.entries(value)
    .filter(([name]) => !header.has(name))
    .map(
      ([name, item]) =>
        `${escapeForeign(name)}=${escapeWord(typeof item === 'string' ? item : JSON.stringify(item))}`,
    )
    .join(' ');
}

/** `sh/researcher: `, where it was not the session's own token that asked. */
function agentOf(value: JsonObject): string {
  const agent = textOf(value['agent']);
  return agent === '' ? '' : `${escapeForeign(agent)}: `;
}

/** Time, call, verdict, action and what was typed. */
export function recordLine({ type, value }: ReadLine, colors: Colors): string {
  const head = `${colors.dim(clockOf(value))}  `;
  const call = escapeForeign(textOf(value['call']));
  if (type === 'call.decided') {
    const allowed = value['effect'] === 'allow';
    const verdict = allowed ? colors.green('allow ') : colors.red('deny  ');
    const why = allowed ? '' : `  ${colors.dim('—')} ${escapeForeign(reasonWords(textOf(value['reason'])))}`;
    const typed = clip(commandOf(value), WORDS_SHOWN_CHARACTERS);
    return `${head}${call}  ${verdict}  ${agentOf(value)}${escapeForeign(textOf(value['action']))}${typed === '' ? '' : `  ${colors.dim(typed)}`}${why}`;
  }
  if (type === 'call.refused') {
    const asked = clip(commandOf(value), WORDS_SHOWN_CHARACTERS) || escapeForeign(textOf(value['action']));
    return `${head}${call}  ${colors.red('refuse')}  ${agentOf(value)}${asked}  ${colors.dim('—')} ${escapeForeign(textOf(value['reason']))}`;
  }
  if (type === 'call.finished') return `${head}${call}  ${colors.dim(`done    ${outcomeOf(value)}`)}`;
  return `${head}${escapeForeign(type)}  ${colors.dim(clip(fieldsOf(value), WORDS_SHOWN_CHARACTERS))}`;
}
