// What a repeater may say of output that does not pass the broker, and what the log then says.

import { expect, it } from 'vitest';

import { Handoff } from '../../../src/broker/handoff.js';
import { FRAME } from '../../../src/protocol/codes.js';
import type { Frame } from '../../../src/protocol/frames.js';
import { encodeControl, parseControl } from '../../../src/protocol/json.js';

const PLACE = { name: '01234567/9abcdefGHI-_Z', ticket: 'A'.repeat(43) };
const status = (value: object): Frame => ({
  type: FRAME.STATUS,
  flags: 0,
  channel: 0,
  stream: 2,
  payload: encodeControl(value),
});

function outlet(): { told: object[]; send(frame: Partial<Frame>): void; stream: number } {
  const told: object[] = [];
  return {
    told,
    stream: 7,
    send: (frame) => told.push({ ...frame, payload: parseControl(frame.payload ?? new Uint8Array()) }),
  };
}

it('is told to the caller once, and only what it has to know', () => {
  const handoff = new Handoff();
  const to = outlet();
  expect(handoff.asked).toEqual({});
  handoff.allow();
  expect(handoff.asked).toEqual({ handoff: true });
  handoff.announce(status({ state: 'handoff', ...PLACE, more: 'x' }), to);
  expect(to.told).toEqual([{ type: FRAME.STATUS, stream: 7, payload: { state: 'handoff', ...PLACE } }]);
  expect(() => handoff.announce(status({ state: 'handoff', ...PLACE }), to)).toThrow(/nobody asked for/);
});

it('is refused where nobody asked for it', () => {
  expect(() => new Handoff().announce(status({ state: 'handoff', ...PLACE }), outlet())).toThrow(
    /nobody asked for/,
  );
});

it.each([
  { state: 'running', ...PLACE },
  PLACE,
  { state: 'handoff', name: PLACE.name },
  { state: 'handoff', ticket: PLACE.ticket },
  { state: 'handoff', ...PLACE, name: '../../../../agent.sock' },
  { state: 'handoff', ...PLACE, name: `${PLACE.name}x` },
  { state: 'handoff', ...PLACE, name: `${PLACE.name}\n` },
  { state: 'handoff', ...PLACE, name: '0123456789abcdefGHI-_Z' },
  { state: 'handoff', ...PLACE, name: '0123/567/9abcdefGHI-_Z' },
  { state: 'handoff', ...PLACE, name: '......../9abcdefGHI-_Z' },
  { state: 'handoff', ...PLACE, name: 7 },
  { state: 'handoff', ...PLACE, ticket: 'A'.repeat(42) },
  { state: 'handoff', ...PLACE, ticket: `${'A'.repeat(42)}B` },
])('is refused when it says %j', (value) => {
  const handoff = new Handoff();
  const to = outlet();
  handoff.allow();
  expect(() => handoff.announce(status(value), to)).toThrow(/handoff|state/);
  expect(to.told).toEqual([]);
});

it('counts by the word of the repeater, and only where it was handed over', () => {
  const never = new Handoff();
  never.allow();
  never.ended({ handed_off: 5 });
  expect(never.recorded(3)).toEqual({ out: 3 });
  const taken = new Handoff();
  taken.allow();
  taken.announce(status({ state: 'handoff', ...PLACE }), outlet());
  expect(taken.recorded(3)).toEqual({ out: 3, handoff: true });
  for (const wrong of [-1, 1.5, '7', null]) taken.ended({ handed_off: wrong });
  expect(taken.recorded(3)).toEqual({ out: 3, handoff: true });
  taken.ended({ handed_off: 5 });
  expect(taken.recorded(3)).toEqual({ out: 8, handoff: true });
});
