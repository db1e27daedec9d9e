// Flags and positionals of one subcommand, stricter than pflag: every word has one reading or none. What pflag would
// guess (attached short values, bundles, `--`, the last of two equal flags) is refused, because a reader of the log
// would have to guess the same way.

import type { ParamValue } from '../../../src/protocol/messages.js';
import type { GhCommand, GhFlag } from '../types.js';
import { refusal } from './refusal.js';
import { checkText, checkWord, isTextFlag } from './words.js';

export interface ParsedWords {
  /** Long name to value. */
  flags: Map<string, ParamValue>;
  positionals: string[];
}

interface FoundFlag {
  long: string;
  flag: GhFlag;
  value: string | undefined;
}

/**
 * Read the words after `gh <group> <sub>`.
 * @throws TurretError `unresolvable` for an unknown, repeated, refused or ambiguous word
 */
export function parseWords(command: GhCommand, name: string, words: readonly string[]): ParsedWords {
  const flags = new Map<string, ParamValue>();
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (word === '-' || !word.startsWith('-')) {
      positionals.push(word);
      continue;
    }
    const found = findFlag(command, name, word);
    if (found.flag.refuse !== undefined) throw refusal(`--${found.long} is not available`, found.flag.refuse);
    if (found.value === undefined && found.flag.type !== 'bool') {
      i += 1;
      if (i >= words.length) throw refusal(`--${found.long} needs a value`, `type --${found.long}=VALUE`);
      found.value = words[i];
    }
    setFlag(flags, found);
  }
  return { flags, positionals };
}

function findFlag(command: GhCommand, name: string, word: string): FoundFlag {
  if (word === '--') throw refusal('-- is not understood', 'leave it out; write values as --flag=value');
  if (!word.startsWith('--')) return findShort(command, name, word);
  const equals = word.indexOf('=');
  const long = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const flag = Object.hasOwn(command.flags, long) ? command.flags[long] : undefined;
  if (!flag) throw unknown(name, word);
  return { long, flag, value: equals < 0 ? undefined : word.slice(equals + 1) };
}

function findShort(command: GhCommand, name: string, word: string): FoundFlag {
  const letter = word.slice(1, 2);
  const entry = Object.entries(command.flags).find(([, flag]) => flag.short === letter);
  if (!entry) throw unknown(name, word);
  const [long, flag] = entry;
  if (word.length > 2) {
    if (flag.refuse !== undefined) throw refusal(`--${long} is not available`, flag.refuse);
    throw refusal(
      `${JSON.stringify(word)} joins a short flag to something else`,
      flag.type === 'bool'
        ? `type each flag by itself, as -${letter}`
        : `type -${letter} VALUE or --${long}=VALUE`,
    );
  }
  return { long, flag, value: undefined };
}

function unknown(name: string, word: string): Error {
  const shown = JSON.stringify(word.split('=')[0] ?? word);
  return refusal(`gh ${name} has no flag ${shown}`, `run gh ${name} --help for its flags`);
}

function setFlag(flags: Map<string, ParamValue>, { long, flag, value }: FoundFlag): void {
  const before = flags.get(long);
  if (flag.type === 'csv' || flag.type === 'array') {
    const list = Array.isArray(before) ? before : [];
    flags.set(long, [...list, ...listItems(long, flag, value ?? '')]);
    return;
  }
  if (before !== undefined) throw refusal(`--${long} is there twice`, 'give it once');
  flags.set(long, scalar(long, flag, value));
}

function listItems(long: string, flag: GhFlag, value: string): string[] {
  if (isTextFlag(long)) checkText(value, `--${long}`);
  else checkWord(value, `--${long}`);
  if (flag.type === 'array') return [value];
  // pflag reads the value as a line of CSV; a quote would start CSV's own quoting.
  if (value.includes('"'))
    throw refusal(`--${long} holds a quotation mark`, `repeat --${long} for each value`);
  const items = value.split(',');
  if (items.includes('')) throw refusal(`--${long} holds an empty value`, `type --${long}=ONE,TWO`);
  return items;
}

function scalar(long: string, flag: GhFlag, value: string | undefined): ParamValue {
  if (flag.type === 'bool') {
    if (value === undefined || value === 'true') return true;
    if (value === 'false') return false;
    throw refusal(`--${long} is on or off`, `type --${long} or --${long}=false`);
  }
  const text = value ?? '';
  if (flag.type === 'int') {
    if (!/^(0|[1-9]\d{0,8})$/.test(text)) throw refusal(`--${long} wants a number`, `type --${long}=10`);
    return Number(text);
  }
  if (isTextFlag(long)) checkText(text, `--${long}`);
  else checkWord(text, `--${long}`);
  return text;
}
