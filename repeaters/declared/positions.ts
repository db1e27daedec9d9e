// Words that are no options, by where they stand.

import type { PositionRule } from '../../src/config/declared.js';
import type { ParamValue } from '../../src/protocol/messages.js';
import { refused } from './refused.js';
import type { Command } from './tool.js';
import { readWord } from './values.js';

/** @throws TurretError `unresolvable` for a word too many or too few, or one its place does not allow */
export function assignPositions(
  params: Map<string, ParamValue>,
  words: readonly string[],
  { action, positions }: Command,
): void {
  const left = [...words];
  for (const position of positions) {
    // A joined word has filled it already.
    if (params.has(position.param)) continue;
    const [word] = left;
    if (word === undefined) {
      if (position.required === true)
        throw refused(`${action.name} needs ${position.param}`, usage(positions));
      continue;
    }
    if (position.joined !== undefined && word.includes('/')) {
      left.shift();
      splitJoined(params, word, position, positions);
    } else {
      const taken = left.splice(0, position.many === true ? left.length : 1);
      params.set(position.param, valueOf(taken, position));
    }
  }
  if (left.length > 0)
    throw refused(`${JSON.stringify(left[0])} is one word too many for ${action.name}`, usage(positions));
}

function valueOf(words: readonly string[], position: PositionRule): ParamValue {
  const values = words.map((word) => readWord(word, position, position.param));
  return position.many === true ? values.flat() : (values[0] ?? []);
}

/** `pods/web`, which says `pods web`. */
function splitJoined(
  params: Map<string, ParamValue>,
  word: string,
  position: PositionRule,
  positions: readonly PositionRule[],
): void {
  const [left = '', right = '', ...more] = word.split('/');
  const other = positions.find(({ param }) => param === position.joined);
  if (other === undefined || more.length > 0)
    throw refused(`${JSON.stringify(word)} is not ${position.param}/${position.joined}`);
  const value = valueOf([left], position);
  if (Array.isArray(value) && value.length > 1) throw refused(`${JSON.stringify(word)} names one of several`);
  params.set(position.param, value);
  params.set(other.param, valueOf([right], other));
}

function usage(positions: readonly PositionRule[]): string {
  const words = positions.map(({ param, required, many }) => {
    const word = `${param.toUpperCase()}${many === true ? '…' : ''}`;
    return required === true ? word : `[${word}]`;
  });
  return words.length === 0 ? 'it takes options only' : `it takes ${words.join(' ')}`;
}
