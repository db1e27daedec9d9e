// argv → what it says, by a grammar stricter than the CLI's own: exact names, each at most once, no `--`, no abbreviations.
// When this file is done, every word of the command line has been understood as exactly one thing; values are not checked yet.

import type { Params } from '../../../src/protocol/messages.js';
import type { AwsOption, AwsTables } from '../tables/types.js';
import { globalOption } from './globals.js';
import { quote, refuse } from './refuse.js';
import { checkService, findTarget, type Target, wordsWanted } from './target.js';

/** `flag`: boolean, `one`: string, `many`/`pair`: string[], `maybe`: true or string. */
export type OptionValue = boolean | string | string[];

export interface CommandLine {
  target: Target;
  values: Map<AwsOption, OptionValue>;
  /** `--include`/`--exclude` of aws s3, in their order: it matters. */
  filters: string[];
  positionals: string[];
  /** An option of the command stands behind the first bare word. */
  apart: boolean;
  globals: Params;
}

// As argparse has it: a word like this is a value even though it begins with a dash.
const NEGATIVE_NUMBER = /^-\d+$|^-\d*\.\d+$/;
const isOption = (word: string): boolean =>
  word.startsWith('-') && word !== '-' && !NEGATIVE_NUMBER.test(word);

class Words {
  #at = 0;
  readonly #argv: string[];
  constructor(argv: string[]) {
    this.#argv = argv;
  }
  get done(): boolean {
    return this.#at >= this.#argv.length;
  }
  next(): string {
    return this.#argv[this.#at++]!;
  }
  /** The next word if it cannot be an option. */
  value(): string | undefined {
    const word = this.#argv[this.#at];
    if (word === undefined || isOption(word)) return undefined;
    this.#at++;
    return word;
  }
}

/** Parses screened words. Throws TurretError('unresolvable') on any deviation from the grammar. */
export function parseCommandLine(argv: string[], tables: AwsTables): CommandLine {
  const words = new Words(argv);
  const globals: Params = {};
  const target = parseTarget(words, globals, tables);
  const line: CommandLine = {
    target,
    values: new Map(),
    filters: [],
    positionals: [],
    apart: false,
    globals,
  };
  const byName = new Map(
    target.options.filter((option) => !option.positional).map((option) => [option.name, option]),
  );
  while (!words.done) {
    const word = words.next();
    if (!isOption(word)) takePositional(word, line);
    else if (!takeGlobal(word, words, globals, tables)) {
      takeOption(word, words, byName, line);
      line.apart = line.positionals.length > 0;
    }
  }
  return line;
}

function parseTarget(words: Words, globals: Params, tables: AwsTables): Target {
  const found: string[] = [];
  while (found.length < wordsWanted(found)) {
    if (words.done)
      refuse(
        `aws ${found.join(' ')}`.trimEnd() + ' is not a whole command',
        'name the service and the operation: aws SERVICE OPERATION',
      );
    const word = words.next();
    if (isOption(word)) {
      if (!takeGlobal(word, words, globals, tables))
        refuse(`${quote(word)} is not known here`, 'put the options of an operation behind its name');
    } else {
      found.push(word);
      if (found.length === 1) checkService(word, tables);
    }
  }
  return findTarget(found, tables);
}

function split(word: string): { name: string; given: string | undefined } {
  if (!word.startsWith('--')) refuse(`${quote(word)} is no option of aws`, 'aws has long options only');
  if (word === '--') refuse('-- is not passed on', 'leave it out');
  const equals = word.indexOf('=');
  if (equals < 0) return { name: word.slice(2), given: undefined };
  const [name, given] = [word.slice(2, equals), word.slice(equals + 1)];
  // Python's argparse takes it for the end of the options there, too, and the value away.
  if (given === '--') refuse(`--${name} cannot be two dashes`, 'give it another value');
  return { name, given };
}

function takeGlobal(word: string, words: Words, globals: Params, tables: AwsTables): boolean {
  const { name, given } = split(word);
  const option = globalOption(name, tables.major);
  if (option === undefined) return false;
  if (!option.takesValue) {
    if (given !== undefined) refuse(`--${name} takes no value`, `write --${name}`);
    if (option.param !== undefined) once(globals, option.param, false, name);
    return true;
  }
  const value = one(name, given, words);
  if (option.param !== undefined)
    once(globals, option.param, option.check === undefined ? value : option.check(value), name);
  return true;
}

function once(into: Params, param: string, value: Params[string], name: string): void {
  if (Object.hasOwn(into, param)) refuse(`--${name} is given twice`, 'give each option once');
  into[param] = value;
}

function one(name: string, given: string | undefined, words: Words): string {
  const value = given ?? words.value();
  if (value === undefined || value === '')
    refuse(`--${name} needs a value`, `write --${name}=VALUE, also when the value begins with a dash`);
  return value;
}

function takeOption(word: string, words: Words, byName: Map<string, AwsOption>, line: CommandLine): void {
  const { name, given } = split(word);
  const option = byName.get(name);
  if (option === undefined) return takeNegated(name, given, byName, line);
  if (line.target.kind === 's3' && (name === 'include' || name === 'exclude')) {
    line.filters.push(`${name}=${one(name, given, words)}`);
    return;
  }
  const before = line.values.get(option);
  if (before !== undefined && option.arity !== 'pair')
    refuse(`--${name} is given twice`, 'give each option once');
  line.values.set(option, READ[option.arity]({ option, given, words, before }));
}

function takeNegated(
  name: string,
  given: string | undefined,
  byName: Map<string, AwsOption>,
  line: CommandLine,
): void {
  const option = name.startsWith('no-') ? byName.get(name.slice(3)) : undefined;
  if (option === undefined || option.arity !== 'flag' || !option.negatable || given !== undefined) {
    refuse(
      `${quote(`--${name}`)} is not an option of this command`,
      'option names are exact: they cannot be shortened',
    );
  }
  if (line.values.has(option))
    refuse(`--${name} and --${option.name} exclude each other`, 'give one of them');
  line.values.set(option, false);
}

interface Given {
  option: AwsOption;
  /** What stands behind `=`. */
  given: string | undefined;
  words: Words;
  before: OptionValue | undefined;
}

const READ: Record<AwsOption['arity'], (given: Given) => OptionValue> = {
  flag: ({ option: { name }, given }) =>
    given === undefined ? true : refuse(`--${name} takes no value`, `write --${name} or --no-${name}`),
  one: ({ option, given, words }) => one(option.name, given, words),
  maybe: ({ option, given, words }) =>
    given === '' ? one(option.name, given, words) : (given ?? words.value() ?? true),
  many: ({ option, given, words }) => many(option.name, given, words),
  pair: ({ option: { name }, given, words, before }) => {
    const first = given === undefined ? words.value() : undefined;
    const second = words.value();
    if (first === undefined || second === undefined) {
      return refuse(`--${name} takes two values`, `write --${name} KEY VALUE`);
    }
    return [...(Array.isArray(before) ? before : []), first, second];
  },
};

function many(name: string, given: string | undefined, words: Words): string[] {
  if (given !== undefined) return [one(name, given, words)];
  const values: string[] = [];
  for (let value = words.value(); value !== undefined; value = words.value()) values.push(value);
  if (values.length === 0) refuse(`--${name} needs at least one value`, `write --${name} VALUE…`);
  return values;
}

function takePositional(word: string, line: CommandLine): void {
  // The CLI takes this word for its help page wherever it stands alone.
  if (word === 'help')
    refuse('aws help pages are not shown here', 'run `aws help` outside Turret: it needs no credential');
  // The CLI itself takes bare words from one place only, and complains about the others.
  if (line.apart)
    refuse(`${quote(word)} stands apart from the words it belongs to`, 'put options behind them all');
  line.positionals.push(word);
}
