// One spelling for what the CLI takes in several: a rule that names a value must meet it however it was typed.

import type { AwsOption } from '../tables/types.js';
import { quote, refuse } from './refuse.js';
import { screenWords } from './words.js';

const isScalar = ({ type }: AwsOption): boolean =>
  type === 'string' || type === 'number' || type === 'timestamp';

/** The items of a list of plain values. A single word that begins with `[` is a JSON list to the CLI, and becomes its items. */
export function plainItems(option: AwsOption, items: readonly string[]): readonly string[] {
  const [only = ''] = items;
  if (items.length !== 1 || !isScalar(option) || !/^\s*\[/.test(only)) return items;
  const listed = jsonList(only);
  const words = listed?.filter((item) => typeof item === 'string');
  if (listed === undefined || words === undefined || words.length === 0 || words.length < listed.length)
    return refuse(`${quote(only)} is no list of texts`, `write --${option.name} VALUE VALUE…`);
  // Escapes may have hidden what no word may hold; and an item is written as a word, where these would mean something else.
  screenWords(words);
  const [first = ''] = words;
  if (words.length === 1 && /^\s*\[/.test(first))
    refuse(`${quote(first)} looks like a list`, `write --${option.name} VALUE VALUE…`);
  return words;
}

function jsonList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    // The CLI would complain as well.
    return undefined;
  }
}

/**
 * Python reads `1_000`, ` 5`, `inf` and digits of other scripts as numbers too: a rule about a number sees one spelling.
 * What no Python takes for a number is left to the CLI, which says so and ends.
 */
export function checkNumber({ name }: AwsOption, value: string): void {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(value) || !/\p{Nd}|inf|nan/iu.test(value)) return;
  refuse(`${quote(value)} is no number for --${name}`, 'write it with the digits 0 to 9');
}
