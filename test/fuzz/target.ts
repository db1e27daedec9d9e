// What a fuzz target is: a claim about a parser, and inputs to try it with. `check` runs a fixed number of cases of each,
// `npm run fuzz` as many as there is time for.

import { ok } from 'node:assert/strict';
import type { IRawProperty } from 'fast-check';

import { TurretError, type ErrorCode } from '../../src/errors.js';

export interface FuzzTarget {
  /** `room/what`, for `--only`. */
  name: string;
  /** What has to hold, as a sentence. */
  claim: string;
  /** Cases in `check`. */
  cases: number;
  property: IRawProperty<unknown>;
  /** Cases so far in which the parser took the input: a fuzzer that is always refused shows nothing. */
  taken?: () => number;
  /** Slices of time it gets in a long run; one when it does not say. */
  share?: number;
  /** Ends what the property has started. */
  close?: () => Promise<void>;
}

/** Counts what a target's parser took. */
export function counter(): { add: () => void; taken: () => number } {
  let count = 0;
  return { add: () => void (count += 1), taken: () => count };
}

const OBJECT_KEYS = Reflect.ownKeys(Object.prototype).length;
const ARRAY_KEYS = Reflect.ownKeys(Array.prototype).length;

/** Nothing a parser is given may become a property of every object. */
export function checkPrototypes(): void {
  ok(Reflect.ownKeys(Object.prototype).length === OBJECT_KEYS, 'Object.prototype was changed');
  ok(Reflect.ownKeys(Array.prototype).length === ARRAY_KEYS, 'Array.prototype was changed');
}

/**
 * What `run` returns, or undefined when it refuses with one of `codes`. Everything else it throws (another code, a
 * TypeError, a RangeError of the stack) is a failure of the property.
 */
export function refusedOr<T>(codes: readonly ErrorCode[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof TurretError && codes.includes(error.code)) return undefined;
    throw error;
  } finally {
    checkPrototypes();
  }
}
