// The way back: words for an action and its params. The only place where argv of a declared tool is made. What it makes is
// read again before anybody believes it (resolve.ts), so a mistake here refuses instead of running something else.

import type { Params, ParamScalar, ParamValue } from '../../src/protocol/messages.js';
import type { Command, Grammar, Option } from './tool.js';
import { writeWord } from './values.js';

/** Puts another path where a file of the caller stands. */
export type CarriedName = (path: string) => string;

/** Canonical: words, options in alphabetical order, `--` where the tool knows it, positions. */
export function writeArgv(
  command: Command,
  params: Params,
  grammar: Pick<Grammar, 'separator' | 'value_form'>,
  carried: CarriedName = (path) => path,
): string[] {
  const own = (param: string): ParamValue | undefined =>
    Object.hasOwn(params, param) ? params[param] : undefined;
  const wordFor = (value: ParamScalar | ParamScalar[], rule: Option | Command['positions'][number]): string =>
    rule.type === 'path' ? carried(writeWord(value, rule)) : writeWord(value, rule);
  const options = command.ordered.flatMap((option) => {
    const value = own(option.param);
    if (value === undefined) return [];
    const values = option.many === true ? [value].flat() : [value];
    return values.flatMap((each) => optionWords(option, wordFor(each, option), grammar));
  });
  const positional = command.positions.flatMap((position) => {
    const value = own(position.param);
    if (value === undefined) return [];
    if (position.many === true) return [value].flat().map((each) => wordFor(each, position));
    return [wordFor(value, position)];
  });
  const end = positional.length > 0 && grammar.separator === true ? ['--'] : [];
  return [...command.words, ...options, ...end, ...positional];
}

function optionWords(option: Option, word: string, { value_form }: Pick<Grammar, 'value_form'>): string[] {
  const { key, type } = option;
  // A flag is there or not; anything but true comes out differently when it is read again.
  if (type === 'flag') return word === 'true' ? [key] : [];
  if (type === 'bool') return [`${key}=${word}`];
  return value_form === 'next' || /^-[^-]$/.test(key) ? [key, word] : [`${key}=${word}`];
}
