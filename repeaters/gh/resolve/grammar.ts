// Flags and positionals of one subcommand, as pflag reads them: `-L5`, `-L=5`, `-dR OWNER/REPO`, and no flags behind `--`.
// What it would decide silently (the last of two equal flags, a value of another type) is refused. What comes out is long
// names with values: policy, the log and the rebuilt command line never see how a flag was typed.

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
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--') positionals.push(...left.splice(0));
    else if (word === '-' || !word.startsWith('-')) positionals.push(word);
    else for (const found of findFlags(command, name, word)) setFlag(flags, withValue(found, left));
  }
  return { flags, positionals };
}

/** The flag with the next word as its value, when it has none yet and needs one. */
function withValue(found: FoundFlag, left: string[]): FoundFlag {
  const { long, flag, value } = found;
  if (flag.refuse !== undefined) throw refusal(`--${long} is not available`, flag.refuse);
  if (value !== undefined || flag.type === 'bool') return found;
  const next = left.shift();
  if (next === undefined) throw refusal(`--${long} needs a value`, `type --${long}=VALUE`);
  return { long, flag, value: next };
}

function findFlags(command: GhCommand, name: string, word: string): FoundFlag[] {
  if (!word.startsWith('--')) return findShort(command, name, word);
  const equals = word.indexOf('=');
  const long = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const flag = Object.hasOwn(command.flags, long) ? command.flags[long] : undefined;
  if (!flag) throw unknown(name, word);
  return [{ long, flag, value: equals < 0 ? undefined : word.slice(equals + 1) }];
}

/** One word of short flags: switches, and behind them at most one flag with a value, which is the rest of the word. */
function findShort(command: GhCommand, name: string, word: string): FoundFlag[] {
  const found: FoundFlag[] = [];
  for (let rest = word.slice(1); rest !== '';) {
    const letter = rest.slice(0, 1);
    const entry = Object.entries(command.flags).find(([, flag]) => flag.short === letter);
    if (!entry) throw unknown(name, word);
    const [long, flag] = entry;
    rest = rest.slice(1);
    if (rest === '=') throw refusal(`--${long} needs a value`, `type --${long}=VALUE`);
    const takesRest = rest.startsWith('=') || flag.type !== 'bool';
    const value = takesRest && rest !== '' ? rest.replace(/^=/, '') : undefined;
    found.push({ long, flag, value });
    if (takesRest) break;
  }
  return found;
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
