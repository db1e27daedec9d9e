// The canaries in what an attack left behind, also where they were taken apart: over lines, cells, quotes, upper case.

import { CANARIES, canariesIn } from '../helpers/canary.js';

/** Nothing but letters and digits, in lower case: what separators and changes of case cannot hide. */
const bareText = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '').toLowerCase();

const BARE = CANARIES.map((canary) => {
  const bare = bareText(canary);
  const codes = Array.from(canary).map((character) => String(character.charCodeAt(0)));
  return [bare, Array.from(bare).reverse().join(''), bareText(codes.join(','))];
});

/** Whether a canary is in the text, in any spelling, whole or in pieces that follow one another. */
export function hasSecret(text: string): boolean {
  if (canariesIn(text).length > 0) return true;
  const bare = bareText(text);
  return BARE.some((forms) => forms.some((form) => bare.includes(form)));
}
