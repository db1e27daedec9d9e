// What a repeater must do, one check each, every one on a fresh process.

import type { Check } from './bench.js';
import { cancels, finBeforeEnd, interleaves, oneEnd, performs, refusesUnknownAction } from './call-checks.js';
import {
  answersPing,
  exits,
  refusesOversized,
  refusesUnknownFrame,
  registers,
  toleratesGrease,
} from './connection-checks.js';
import { slowReader, stdinCredit, stdoutCredit } from './credit-checks.js';

/** In the order of the table. */
export const CHECKS: readonly Check[] = [
  registers,
  answersPing,
  toleratesGrease,
  performs,
  interleaves,
  finBeforeEnd,
  oneEnd,
  stdinCredit,
  stdoutCredit,
  slowReader,
  cancels,
  refusesUnknownAction,
  refusesOversized,
  refusesUnknownFrame,
  exits,
];
