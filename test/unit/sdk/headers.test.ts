import { expect, it } from 'vitest';
import { HOP_BY_HOP, headersWithout } from '../../../repeaters/sdk/headers.js';

it('keeps repeated headers and their spelling, and drops names however they are spelled', () => {
  const raw = ['X-Two', '1', 'Proxy-CONNECTION', 'x', 'x-two', '2', 'TE', 'trailers', 'Set-Cookie', 'a=b'];
  expect(headersWithout(raw, new Set(HOP_BY_HOP))).toEqual(['X-Two', '1', 'x-two', '2', 'Set-Cookie', 'a=b']);
  expect(headersWithout(raw, new Set([...HOP_BY_HOP, 'set-cookie']))).toEqual(['X-Two', '1', 'x-two', '2']);
});
