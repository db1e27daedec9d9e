// What every resolver's answer has to be, whatever it was asked.

import { deepEqual, ok } from 'node:assert/strict';

import { parseRegister } from '../../src/broker/registration.js';
import { parseResolveResult } from '../../src/broker/resolution.js';
import { encodeControl, parseControl } from '../../src/protocol/json.js';
import { CONTROL_BYTES_MAX } from '../../src/protocol/limits.js';
import type { JsonObject, ParamValue, ResolveResult } from '../../src/protocol/messages.js';

/** What a terminal obeys or nobody sees. Line feed and tab are text. */
export const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const registered = (name: string) =>
  parseRegister(name, {
    repeater: name,
    version: '1',
    kind: name,
    tools: [name],
    resolve: true,
    actions: [{ name: '**' }],
  }).register;

/** The broker takes it as it is, and no param holds what a person could not read. */
export function checkAnswer(
  result: ResolveResult,
  repeater: string,
  text: 'visible' | 'any text' = 'visible',
): void {
  const bytes = encodeControl({ ok: true, exit: 0, result });
  ok(bytes.length <= CONTROL_BYTES_MAX, `an answer of ${bytes.length} bytes does not fit a frame`);
  const received = parseControl(bytes)['result'] as JsonObject;
  deepEqual(parseResolveResult(registered(repeater), received), plain(result));
  if (!('capabilities' in result) || text === 'any text') return;
  for (const { params } of result.capabilities)
    for (const value of Object.values(params))
      for (const item of itemsOf(value)) ok(!INVISIBLE.test(item), item);
}

function itemsOf(value: ParamValue): string[] {
  return [value].flat().map(String);
}

const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));
