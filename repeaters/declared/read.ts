// A command line of a declared tool to an action and its params. Everything the manifest does not describe is refused:
// abbreviated options, options joined to their value or to each other, the same option twice, values where none belong.

import { ARGV_BYTES_MAX, ARGV_ITEMS_MAX } from '../../src/protocol/limits.js';
import type { ParamValue } from '../../src/protocol/messages.js';
import { assignPositions } from './positions.js';
import { refused } from './refused.js';
import type { Command, Option, Tool, WordNode } from './tool.js';
import { canonicalWord, readWord } from './values.js';

export interface Reading {
  command: Command;
  /** Without defaults. */
  params: Map<string, ParamValue>;
}

/** @throws TurretError `unresolvable` */
export function readArgv(argv: readonly string[], tool: Tool): Reading {
  const bytes = argv.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
  if (argv.length > ARGV_ITEMS_MAX || bytes > ARGV_BYTES_MAX) throw refused('the command line is too long');
  const { node, before, after, path } = followWords(argv, tool);
  if (node.commands.length === 0) throw unknownCommand(node, path, after, tool);
  const rest = [...before, ...after];
  const readings: Reading[] = [];
  const problems: { command: Command; error: unknown }[] = [];
  for (const command of node.commands) {
    try {
      readings.push({ command, params: readRest(rest, command, tool) });
    } catch (error) {
      problems.push({ command, error });
    }
  }
  const [reading, second] = readings;
  // Two actions that both fit: nobody could say which of them policy means.
  if (second !== undefined) throw refused(`${shown(path)} could be ${readings.map(nameOf).join(' or ')}`);
  if (reading === undefined) throw likeliest(problems, rest)?.error;
  return reading;
}

/** Of several actions with the same words, what is wrong with the one whose first position is filled. */
function likeliest<T extends { command: Command }>(
  problems: readonly T[],
  rest: readonly string[],
): T | undefined {
  const fits = ({ command: { positions } }: T): boolean => {
    const [first] = positions;
    const words = rest.flatMap((word) => word.split(/[,/]/, 1));
    return first !== undefined && words.some((word) => canonicalWord(word, first) !== undefined);
  };
  return problems.find(fits) ?? problems[0];
}

const nameOf = ({ command }: Reading): string => command.action.name;
const shown = (words: readonly string[]): string => JSON.stringify(words.join(' '));

interface Followed {
  node: WordNode;
  path: string[];
  /** Options that stand before the last of those words, with their values. */
  before: string[];
  /** What comes after. */
  after: string[];
}

/** As far as words lead to actions. Options of every action may stand between them. */
function followWords(argv: readonly string[], { root, anywhere }: Tool): Followed {
  let node = root;
  const path: string[] = [];
  const before: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (isOption(word)) {
      const option = anywhere.get(spellingOf(word));
      if (option === undefined) return { node, path, before, after: argv.slice(at) };
      const hasOwnWord = takesValue(option) && !word.includes('=');
      before.push(...argv.slice(at, at + (hasOwnWord ? 2 : 1)));
      if (hasOwnWord) at += 1;
      continue;
    }
    const next = node.next.get(word);
    if (next === undefined) return { node, path, before, after: argv.slice(at) };
    node = next;
    path.push(word);
  }
  return { node, path, before, after: [] };
}

const isOption = (word: string): boolean => word.startsWith('-') && word !== '-';

/** A `-x=…` of one letter means different things to different tools: it is no spelling of -x. */
function spellingOf(word: string): string {
  const equals = word.indexOf('=');
  return equals < 3 ? word : word.slice(0, equals);
}

function takesValue({ type }: Option): boolean {
  return type !== 'flag' && type !== 'bool';
}

function unknownCommand(
  node: WordNode,
  path: readonly string[],
  after: readonly string[],
  { grammar: { never = {} } }: Tool,
): Error {
  const word = after.find((each) => !isOption(each));
  const words = [...path, ...(word === undefined ? [] : [word])];
  const option = after.find((each) => isOption(each) && Object.hasOwn(never, spellingOf(each)));
  const why = reasonOf(words, never) ?? (option === undefined ? undefined : never[spellingOf(option)]);
  if (why !== undefined) return refused(`${shown(words)} is refused: ${why}`);
  const known = [...node.next.keys()].sort().join(', ');
  return refused(
    words.length === 0 ? 'there is no command' : `${shown(words)} is not a command that is declared`,
    known === '' ? undefined : `there is: ${[...path, known].join(' ')}`,
  );
}

function reasonOf(words: readonly string[], never: Record<string, string>): string | undefined {
  const key = words
    .map((_, index) => words.slice(0, index + 1).join(' '))
    .find((each) => Object.hasOwn(never, each));
  return key === undefined ? undefined : never[key];
}

function readRest(words: readonly string[], command: Command, tool: Tool): Map<string, ParamValue> {
  const params = new Map<string, ParamValue>();
  const positional: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--' && tool.grammar.separator === true) {
      positional.push(...words.slice(at + 1));
      break;
    }
    if (!isOption(word)) {
      positional.push(word);
      continue;
    }
    const option = command.options.get(spellingOf(word));
    if (option === undefined) throw unknownOption(word, command, tool);
    let value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined;
    if (value === undefined && takesValue(option)) {
      at += 1;
      value = words[at];
      if (value === undefined) throw refused(`${option.key} has no value`, `type ${option.key}=VALUE`);
    }
    setOption(params, option, value);
  }
  assignPositions(params, positional, command);
  return params;
}

function setOption(params: Map<string, ParamValue>, option: Option, word: string | undefined): void {
  const { key, param } = option;
  const before = params.get(param);
  if (before !== undefined && (option.many !== true || !Array.isArray(before)))
    throw refused(`${key} is there twice`, 'give it once');
  const value = word === undefined ? true : readWord(word, option, key);
  params.set(param, option.many === true ? [before ?? [], value].flat() : value);
}

function unknownOption(word: string, { action, options }: Command, { grammar: { never = {} } }: Tool): Error {
  const spelling = spellingOf(word);
  const why = Object.hasOwn(never, spelling) ? never[spelling] : undefined;
  if (why !== undefined) return refused(`${spelling} is refused: ${why}`);
  const joined = options.get(word.slice(0, 2));
  if (joined !== undefined && !word.startsWith('--'))
    return refused(
      `${JSON.stringify(word)} joins ${word.slice(0, 2)} to something else`,
      takesValue(joined) ? `type ${joined.key}=VALUE` : 'type each option by itself',
    );
  const near = [...options.values()].find(({ key }) => key.startsWith(spelling))?.key;
  return refused(
    `${JSON.stringify(spelling)} is not a declared option of ${action.name}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}
