import { expect, test } from 'vitest';

import { colorsFor } from '../../../src/ui/colors.js';

const isColored = (isTTY: boolean, env: Record<string, string>): boolean =>
  colorsFor({ isTTY }, env).isColorSupported;

test.each([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a terminal that knows none', true, { TERM: 'dumb' }, false],
  ['a terminal, and NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a terminal, and an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a pipe, and FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
  ['a terminal, and FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ['FORCE_COLOR beside NO_COLOR', true, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('%s', (_, isTTY, env, colored) => {
  expect(isColored(isTTY, env)).toBe(colored);
});
