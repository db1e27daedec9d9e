// A tool described without code: what a manifest of profile `cli` says of it. Plain data; the repeater that reads it is
// repeaters/declared, the checks are in shape-declared.ts.

import type { ParamScalar, RegisteredAction } from '../protocol/messages.js';

export const VALUE_TYPES = ['flag', 'bool', 'int', 'enum', 'duration', 'name', 'text', 'path'] as const;

/** Which words may stand in a place of the command line, and what they are called in policy. */
export interface ValueRule {
  type: (typeof VALUE_TYPES)[number];
  /** For `enum`: the words, or for each word the other ways to write it. Policy sees the first. */
  values?: string[] | Record<string, string[]>;
  /** For `enum`: a word may also begin with one of these and go on as `text`. */
  prefixes?: string[];
  /** For `text`: the characters it may have; `a-z` is a range, a `-` at the end stands for itself. */
  chars?: string;
  min?: number;
  max?: number;
  max_length?: number;
  /** Several values in one word, with this between them. */
  list?: string;
  /** An option may be repeated; a position takes all words that are left. */
  many?: boolean;
  /** For `path`: the file is carried to the tool, or back. */
  file?: 'read' | 'write';
  /** `absent`: without it the command touches every value there is; `always`: what is given does not bound it. */
  unbounded?: 'absent' | 'always';
}

export interface OptionRule extends ValueRule {
  /** Other spellings: `-n` of `--namespace`. */
  also?: string[];
  /** Name in params; else the option's own, `--all-namespaces` as `all_namespaces`. */
  param?: string;
  /** Given in words when the agent gives none. */
  default?: ParamScalar;
  /** Makes the command touch every value of this param, which must not be given then. */
  widens?: string;
}

export interface PositionRule extends ValueRule {
  param: string;
  required?: boolean;
  /** `VALUE/NAME` in one word is this position and the one of that param. */
  joined?: string;
}

export interface DeclaredAction extends Omit<RegisteredAction, 'params'> {
  /** Subcommand words, each a spelling: the first is what runs. None: the tool itself. */
  words?: string[];
  options?: Record<string, OptionRule>;
  positions?: PositionRule[];
}

/** One source, one place. */
export interface DeclaredCredential {
  /** Name of a variable of `secrets`. */
  secret?: string;
  /** A file of the operator: absolute, `~/…` or from the manifest's directory. */
  file?: string;
  /** Variable of the tool that holds the value. */
  env?: string;
  /** Variable, or option, that names a private file with it. */
  path_env?: string;
  path_option?: string;
  /** Name of that private file below the tool's HOME. */
  home_file?: string;
}

/** What a manifest of profile `cli` says besides what every manifest says. */
export interface DeclaredCli {
  /** How the tool wants values: `--option=value`, or as two words. */
  value_form?: 'equals' | 'next';
  /** It understands `--` as the end of its options. */
  separator?: boolean;
  /** For every action. */
  options?: Record<string, OptionRule>;
  /** What the tool gets for the time of a call, and where. */
  give?: DeclaredCredential[];
  /** Variables that are always set. */
  env?: Record<string, string>;
  /** Words and options that stay refused, and why. */
  never?: Record<string, string>;
  /** `open`; `credentials`: the hosts of the URLs in its credential files; or HOST:PORT. None when left out. */
  network?: 'open' | 'credentials' | string[];
  /** Exit codes above 128 that the tool ends with by itself. */
  own_exits?: number[];
}

/** What policy calls the value of an option. */
export function paramOf(option: string, rule: Pick<OptionRule, 'param'>): string {
  return rule.param ?? option.replace(/^-+/, '').replaceAll('-', '_');
}
