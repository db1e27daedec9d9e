// Words of a declared tool against the rule of their place. The agent chose them; a word has one reading or none.
//
// Who is attacking: whoever wants a value to become something else, an option, a file to read, an address to ask. So no
// value begins with `-` (but a number) or `@`, and none has a control character.

import type { ValueRule } from '../../src/config/declared.js';
import type { ParamScalar, ParamValue } from '../../src/protocol/messages.js';
import { ARGV_WORD_BYTES_MAX } from '../../src/protocol/limits.js';
import { isCarriedPath } from '../../src/wire/file-stream.js';
import { refused } from './refused.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
const INT = /^(?:0|-?[1-9][0-9]{0,14})$/;
const DURATION = /^(?:0|(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|ms|s|m|h|d)){1,6})$/;
/** Controls, what is invisible or turns the direction of writing, and what makes another line. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/**
 * The value of one word.
 * @param what names the place for people: `--namespace`
 * @throws TurretError `unresolvable`
 */
export function readWord(word: string, rule: ValueRule, what: string): ParamValue {
  if (rule.list === undefined) return readScalar(word, rule, what);
  return word.split(rule.list).map((item) => readScalar(item, rule, what));
}

/** The word for a value; what `readWord` would not give back is refused when it is read again. */
export function writeWord(value: ParamScalar | ParamScalar[], rule: ValueRule): string {
  return Array.isArray(value) ? value.map(String).join(rule.list ?? ',') : String(value);
}

function readScalar(word: string, rule: ValueRule, what: string): ParamScalar {
  const no = (wanted: string): Error =>
    refused(`${JSON.stringify(word)} is not ${wanted} for ${what}`, hintOf(rule));
  if (Buffer.byteLength(word) > Math.min(rule.max_length ?? ARGV_WORD_BYTES_MAX, ARGV_WORD_BYTES_MAX))
    throw refused(`the value of ${what} is too long`);
  switch (rule.type) {
    case 'flag':
      throw refused(`${what} takes no value`, `type ${what}`);
    case 'bool':
      if (word !== 'true' && word !== 'false') throw no('true or false');
      return word === 'true';
    case 'int':
      return readInt(word, rule, no);
    case 'enum':
      return readEnum(word, rule, no);
    case 'duration':
      if (!DURATION.test(word)) throw no('a duration');
      return word;
    case 'name':
      if (!NAME.test(word)) throw no('a name');
      return word;
    case 'path':
      if (!isPlainPath(word)) throw no('a plain path below the working directory');
      return word;
    case 'text':
      if (!isText(word, rule.chars)) throw no('a value');
      return word;
  }
}

function readInt(word: string, { min = 0, max }: ValueRule, no: (wanted: string) => Error): number {
  const value = Number(word);
  if (!INT.test(word) || value < min || value > (max ?? Number.MAX_SAFE_INTEGER)) throw no('a number');
  return value;
}

function readEnum(word: string, rule: ValueRule, no: (wanted: string) => Error): string {
  const found = canonicalWord(word, rule);
  if (found !== undefined) return found;
  const prefix = rule.prefixes?.find((each) => word.startsWith(each));
  if (prefix === undefined || !isText(word, rule.chars)) throw no('one of the words');
  return word;
}

/** What an enum calls this word, if it is one of its own. */
export function canonicalWord(word: string, { values = [] }: ValueRule): string | undefined {
  if (Array.isArray(values)) return values.includes(word) ? word : undefined;
  if (Object.hasOwn(values, word)) return word;
  return Object.keys(values).find((key) => values[key]?.includes(word));
}

function isText(word: string, chars: string | undefined): boolean {
  if (word === '' || /^[-@]/.test(word) || HIDDEN.test(word)) return false;
  if (chars === undefined) return true;
  const allowed = characterTest(chars);
  return Array.from(word).every(allowed);
}

/** A class of characters, without regular expressions: whoever wrote it must not be able to make a search slow. */
function characterTest(chars: string): (character: string) => boolean {
  const ranges: [number, number][] = [];
  const points = Array.from(chars).map((character) => character.codePointAt(0) ?? 0);
  for (let at = 0; at < points.length; at += 1) {
    const from = points[at] ?? 0;
    const isRange = points[at + 1] === 0x2d && at + 2 < points.length;
    ranges.push([from, isRange ? (points[at + 2] ?? 0) : from]);
    if (isRange) at += 2;
  }
  return (character) => {
    const point = character.codePointAt(0) ?? 0;
    return ranges.some(([from, to]) => point >= from && point <= to);
  };
}

/** Relative and already in its shortest form, so that policy and the tool read the same; nothing hidden, no `~` or `$`. */
function isPlainPath(word: string): boolean {
  if (word.startsWith('/') || HIDDEN.test(word) || /^[~@]|[$\\]|:\/\//.test(word)) return false;
  return isCarriedPath(word) && word.split('/').every((part) => !/^[.-]/.test(part));
}

function hintOf(rule: ValueRule): string | undefined {
  if (rule.type === 'enum') {
    const words = Array.isArray(rule.values) ? rule.values : Object.keys(rule.values ?? {});
    return `it can be: ${[...words, ...(rule.prefixes ?? []).map((prefix) => `${prefix}…`)].join(', ')}`;
  }
  if (rule.type === 'duration') return 'write 30s, 5m or 1h30m';
  return undefined;
}
