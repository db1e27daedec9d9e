// A declared tool, ready to read command lines: which words lead to which actions, and which options each may have.

import {
  type DeclaredAction,
  type OptionRule,
  type PositionRule,
  paramOf,
} from '../../src/config/declared.js';

export interface Option extends OptionRule {
  /** As it is rebuilt: `--namespace`. */
  key: string;
  param: string;
}

export interface Command {
  action: DeclaredAction;
  /** Words that run it. */
  words: string[];
  /** Of the action and of all actions, by every spelling. */
  options: ReadonlyMap<string, Option>;
  /** The same, each once, in the order they are rebuilt. */
  ordered: readonly Option[];
  positions: readonly PositionRule[];
}

export interface WordNode {
  /** What may run here; several are told apart by their positions. */
  commands: Command[];
  next: Map<string, WordNode>;
}

export interface Grammar {
  actions?: readonly DeclaredAction[];
  options?: Record<string, OptionRule>;
  separator?: boolean;
  value_form?: 'equals' | 'next';
  never?: Record<string, string>;
}

export interface Tool {
  grammar: Grammar;
  root: WordNode;
  /** Every action once, by its name. */
  commands: ReadonlyMap<string, Command>;
  /** Options that may stand before the words of an action. */
  anywhere: ReadonlyMap<string, Option>;
}

export function toolOf(grammar: Grammar): Tool {
  const root: WordNode = { commands: [], next: new Map() };
  const commands = new Map<string, Command>();
  for (const action of grammar.actions ?? []) {
    const [first = '', ...others] = action.words ?? [''];
    const ordered = optionsOf({ ...grammar.options, ...action.options });
    const command: Command = {
      action,
      words: wordsOf(first),
      options: spellings(ordered),
      ordered,
      positions: action.positions ?? [],
    };
    commands.set(action.name, command);
    for (const spelling of [first, ...others]) nodeAt(root, wordsOf(spelling)).commands.push(command);
  }
  return { grammar, root, commands, anywhere: spellings(optionsOf(grammar.options ?? {})) };
}

function wordsOf(spelling: string): string[] {
  return spelling.split(' ').filter((word) => word !== '');
}

function nodeAt(root: WordNode, words: readonly string[]): WordNode {
  let node = root;
  for (const word of words) {
    const next = node.next.get(word) ?? { commands: [], next: new Map() };
    node.next.set(word, next);
    node = next;
  }
  return node;
}

function optionsOf(rules: Record<string, OptionRule>): Option[] {
  return Object.entries(rules)
    .map(([key, rule]): Option => ({ ...rule, key, param: paramOf(key, rule) }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

function spellings(options: readonly Option[]): Map<string, Option> {
  return new Map(
    options.flatMap((option) => [option.key, ...(option.also ?? [])].map((word) => [word, option])),
  );
}
