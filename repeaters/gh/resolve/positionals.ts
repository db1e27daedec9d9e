// What the words after the subcommand name. An address overrides `-R` in gh, so both together are refused.

import type { Params } from '../../../src/protocol/messages.js';
import type { GhPositional } from '../types.js';
import { checkBranch } from './facts.js';
import { carriedPath } from './paths.js';
import { parseRepo, repoName, webPath } from './repo-name.js';
import { refusal } from './refusal.js';
import { checkText, checkWord } from './words.js';

export interface Surroundings {
  host: string;
  cwd: string;
}

/**
 * Read the positionals into params. A repository that an address names is the param `repo`.
 * @throws TurretError `unresolvable` for too many, a missing one, or one that is not of its kind
 */
export function readPositionals(
  wanted: readonly GhPositional[],
  words: readonly string[],
  around: Surroundings,
): Params {
  const params: Params = {};
  const left = [...words];
  for (const positional of wanted) {
    const taken = positional.many === true ? left.splice(0) : left.splice(0, 1);
    if (taken.length === 0) {
      if (positional.required === true) {
        throw refusal(`the ${positional.name.replaceAll('_', ' ')} is missing`, 'name it after the command');
      }
      continue;
    }
    if (taken.includes('')) throw refusal('a word of the command line is empty', 'leave it out');
    if (positional.many === true) {
      params[positional.name] = taken.map((word) =>
        String(readOne(positional, word, around)[positional.name]),
      );
    } else {
      Object.assign(params, readOne(positional, taken[0] ?? '', around));
    }
  }
  if (left.length > 0)
    throw refusal(`${JSON.stringify(left[0])} is one word too many`, 'quote values that have spaces');
  return params;
}

function readOne({ name, kind }: GhPositional, word: string, around: Surroundings): Params {
  if (kind === 'query') checkText(word, 'the query');
  else checkWord(word, `the ${name.replaceAll('_', ' ')}`);
  switch (kind) {
    case 'issue':
    case 'pull':
      return readSelector(kind, word, around);
    case 'number':
      return { [name]: readNumber(word) };
    case 'repo':
      return { [name]: parseRepo(word, around.host) };
    case 'file':
      return { [name]: word === '-' ? '-' : carriedPath(word, { cwd: around.cwd, what: 'the file' }) };
    case 'gist':
      return { [name]: readGist(word, around.host) };
    case 'word':
      return { [name]: readName(name, word) };
    case 'text':
      return { [name]: readText(word) };
    case 'query':
      return { [name]: word };
    default:
      return kind satisfies never;
  }
}

function readSelector(kind: 'issue' | 'pull', word: string, { host }: Surroundings): Params {
  if (/^[a-z]+:\/\//i.test(word)) {
    const [owner = '', name = '', type = '', number = ''] = webPath(word, host);
    const repo = repoName(owner, name);
    const fits = type === (kind === 'pull' ? 'pull' : 'issues');
    if (repo === undefined || !fits || !/^[1-9]\d{0,8}$/.test(number)) {
      throw refusal(`${JSON.stringify(word)} is not the address of one`, 'give the number and -R OWNER/REPO');
    }
    return { repo, number: Number(number) };
  }
  const digits = /^#?([1-9]\d{0,8})$/.exec(word)?.[1];
  if (digits !== undefined) return { number: Number(digits) };
  if (kind === 'issue') throw refusal(`${JSON.stringify(word)} is not a number`, 'give the number as digits');
  checkSelectedBranch(word);
  return { branch: word };
}

/**
 * A branch that stands where a number could.
 * @throws TurretError `unresolvable` for one that gh would read as a number: `+5`, `007` and `#-1` are some
 */
export function checkSelectedBranch(branch: string): void {
  if (/^#|^[+-]?\d+$/.test(branch))
    throw refusal(`${JSON.stringify(branch)} reads as a number`, 'give the number of the pull request');
  checkBranch(branch);
}

function readNumber(word: string): number {
  if (!/^[1-9]\d{0,14}$/.test(word))
    throw refusal(`${JSON.stringify(word)} is not a number`, 'give the id as digits');
  return Number(word);
}

function readGist(word: string, host: string): string {
  const parts = /^[a-z]+:/i.test(word) ? webPath(word, `gist.${host}`) : [word];
  const id = parts.at(-1)?.toLowerCase() ?? '';
  if (parts.length > 2 || !/^[0-9a-f]{1,64}$/.test(id)) {
    throw refusal(`${JSON.stringify(word)} is not a gist`, 'give the id of the gist');
  }
  return id;
}

/** Names that gh puts into a path of the API as they are. */
function readName(name: string, word: string): string {
  const parts = word.split('/');
  const fits = parts.length === 1 || (name === 'new_repo' && parts.length === 2);
  if (
    !fits ||
    !parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(part) && !part.includes('..'))
  ) {
    throw refusal(`${JSON.stringify(word)} is not a name`, 'use letters, digits, _, . and -');
  }
  return word;
}

function readText(word: string): string {
  if (word.split('/').some((part) => part === '' || part === '.' || part === '..') || /[?#%\\]/.test(word)) {
    throw refusal(
      `${JSON.stringify(word)} is not a plain name`,
      'use a name without /../, ?, #, % and backslash',
    );
  }
  return word;
}
