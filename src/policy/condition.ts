// One condition against one param. The value was chosen by the agent; a type or a form that cannot be compared is an error,
// never a quiet "no": a deny rule that could not look must fire.

import type { ParamScalar, ParamValue } from '../protocol/messages.js';
import { compileGlob, compilePath, pathValueProblem } from './pattern.js';
import type { Matcher } from './pattern.js';
import type { Condition, Range } from './rule.js';

/** What a condition says about a param. */
export interface ConditionResult {
  /** Holds for every element. What allow and ask need. */
  all: boolean;
  /** Holds for an element. What deny needs. */
  some: boolean;
  /** An element could not be compared. Deny counts it as holding, allow and ask as not. */
  error: boolean;
}
export type ConditionTest = (value: ParamValue | undefined) => ConditionResult;

type Answer = boolean | 'error';
type ScalarTest = (value: ParamScalar) => Answer;

const NO: ConditionResult = { all: false, some: false, error: false };
const YES: ConditionResult = { all: true, some: true, error: false };
const ERROR: ConditionResult = { all: false, some: false, error: true };

/** A param whose values nobody could bound: nothing is sure for allow, everything is possible for deny. */
export const UNBOUNDED: ConditionResult = { all: false, some: true, error: false };

/** Returns the test for one condition. An absent param and an empty list fail everything but `exists: false`. */
export function compileCondition(condition: Condition): ConditionTest {
  const element = elementTest(condition);
  const { exists, len } = condition;
  return (value) => {
    const present = value !== undefined && !(Array.isArray(value) && value.length === 0);
    if (exists === false) return present ? NO : YES;
    if (value === undefined || !present) return NO;
    const whole = len === undefined ? YES : asResult(lengthInRange(value, len));
    if (!whole.all && !whole.error) return NO;
    const elements = element === undefined ? YES : overElements(value, element);
    return {
      all: whole.all && elements.all,
      some: whole.some && elements.some,
      error: (whole.error && (elements.some || elements.error)) || elements.error,
    };
  };
}

function asResult(answer: Answer): ConditionResult {
  if (answer === 'error') return ERROR;
  return answer ? YES : NO;
}

function overElements(value: ParamValue, test: ScalarTest): ConditionResult {
  if (!Array.isArray(value)) return asResult(test(value));
  const result = { all: true, some: false, error: false };
  for (const item of value) {
    const answer = test(item);
    if (answer !== true) result.all = false;
    if (answer === true) result.some = true;
    if (answer === 'error') result.error = true;
  }
  return result;
}

/** All operators that look at single elements, as one test; undefined when there is none. A plain "no" outweighs an error. */
function elementTest(condition: Condition): ScalarTest | undefined {
  const tests: ScalarTest[] = [];
  if (condition.eq !== undefined) tests.push(isOneOf([condition.eq]));
  if (condition.in !== undefined) tests.push(isOneOf(condition.in));
  if (condition.not_in !== undefined) tests.push(negated(isOneOf(condition.not_in)));
  if (condition.glob !== undefined) tests.push(textTest(condition.glob.map(compileGlob)));
  if (condition.prefix !== undefined) tests.push(textTest(condition.prefix.map(startsWith)));
  if (condition.path !== undefined) tests.push(pathTest(condition.path.map(compilePath)));
  if (condition.range !== undefined) tests.push(rangeTest(condition.range));
  if (tests.length === 0) return undefined;
  return (value) => {
    let answer: Answer = true;
    for (const test of tests) {
      const one = test(value);
      if (one === false) return false;
      if (one === 'error') answer = 'error';
    }
    return answer;
  };
}

function isOneOf(list: ParamScalar[]): ScalarTest {
  const values = new Set(list.map(normal));
  const types = new Set(list.map((item) => typeof item));
  return (value) => (types.has(typeof value) ? values.has(normal(value)) : 'error');
}

function negated(test: ScalarTest): ScalarTest {
  return (value) => {
    const answer = test(value);
    return answer === 'error' ? answer : !answer;
  };
}

function textTest(matchers: Matcher[]): ScalarTest {
  return (value) => {
    if (typeof value !== 'string') return 'error';
    const text = value.normalize('NFC');
    return matchers.some((matches) => matches(text));
  };
}

function pathTest(matchers: Matcher[]): ScalarTest {
  const test = textTest(matchers);
  return (value) =>
    typeof value !== 'string' || pathValueProblem(value.normalize('NFC')) !== undefined
      ? 'error'
      : test(value);
}

function startsWith(prefix: string): Matcher {
  const text = prefix.normalize('NFC');
  return (value) => value.startsWith(text);
}

function rangeTest(range: Range): ScalarTest {
  return (value) => (typeof value === 'number' && Number.isFinite(value) ? inRange(value, range) : 'error');
}

function lengthInRange(value: ParamValue, range: Range): Answer {
  if (Array.isArray(value)) return inRange(value.length, range);
  if (typeof value !== 'string') return 'error';
  let characters = 0;
  for (const _ of value) characters += 1;
  return inRange(characters, range);
}

function inRange(value: number, range: Range): boolean {
  return value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity);
}

function normal(value: ParamScalar): ParamScalar {
  return typeof value === 'string' ? value.normalize('NFC') : value;
}
