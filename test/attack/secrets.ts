// The canaries in what an attack left behind, also where they were taken apart: over lines, cells, quotes, upper case.

import { spellings } from '../../src/protocol/spellings.js';
import { CANARIES, canariesIn } from '../helpers/canary.js';

/** Nothing but letters and digits, in lower case: what separators and changes of case cannot hide. */
const bareText = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '').toLowerCase();
const reversed = (text: string): string => Array.from(text).reverse().join('');
const codes = (text: string, base: number): string =>
  Array.from(text, (character) => character.charCodeAt(0).toString(base)).join('');

/** Turned round before it was encoded, or after. */
const BARE = CANARIES.flatMap((canary) => {
  const forms = [canary, reversed(canary)].flatMap((text) => [
    ...spellings(text).map((form) => form.toString('latin1')),
    codes(text, 10),
    codes(text, 8),
  ]);
  const bare = forms.map(bareText);
  return [...new Set([...bare, ...bare.map(reversed)])];
});
const HALVES = CANARIES.map(bareText).map((bare) => {
  const middle = Math.floor(bare.length / 2);
  return [bare.slice(0, middle), bare.slice(middle)];
});

/** Whether a canary is in the text, in any spelling, whole or in pieces that follow one another. */
export function hasSecret(text: string): boolean {
  if (canariesIn(text).length > 0) return true;
  const bare = bareText(text);
  return BARE.some((form) => bare.includes(form));
}

/** Whether the places have a canary between them: one half here, the other there. */
export function haveSecretBetween(places: readonly string[]): boolean {
  const bare = places.map(bareText);
  return HALVES.some((halves) => halves.every((half) => bare.some((text) => text.includes(half))));
}
