// The three kinds of pattern: action, glob, path. Patterns come from files, values from the agent; neither may cost more
// than (length of value × length of pattern), so there is no regular expression here and no backtracking past the last `*`.

import { PATTERN_BYTES_MAX } from '../protocol/limits.js';
import { compileSearch } from './text-search.js';

export type Matcher = (value: string) => boolean;

/** A pattern that cannot be used. Says why; the caller knows where. */
export interface PatternProblem {
  message: string;
  hint?: string;
}

/** `*` stands for any run of characters, everything else for itself. */
export function compileGlob(pattern: string): Matcher {
  const pieces = pattern.normalize('NFC').split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return (value) => value === first;
  const last = pieces[pieces.length - 1] ?? '';
  const middle = pieces.slice(1, -1).map((piece) => ({ length: piece.length, find: compileSearch(piece) }));
  return (value) => {
    const end = value.length - last.length;
    if (!value.startsWith(first) || !value.endsWith(last)) return false;
    let position = first.length;
    for (const piece of middle) {
      const found = piece.find(value, position);
      if (found === -1) return false;
      position = found + piece.length;
    }
    return position <= end;
  };
}

/** One segment of a pattern: `null` is `**`. A lone `*` wants at least one character. */
type SegmentMatcher = Matcher | null;

function compileSegments(pattern: string, separator: string): SegmentMatcher[] {
  return pattern
    .normalize('NFC')
    .split(separator)
    .map((segment) => {
      if (segment === '**') return null;
      if (segment === '*') return (value: string) => value.length > 0;
      return compileGlob(segment);
    });
}

/**
 * `**` inside a pattern is any number of segments, none included; at the end it is one or more, so that `reports/**`
 * covers `reports/` and everything below it but not `reports`. Remembering only the last `**` is enough: a later one
 * that matches leaves nothing an earlier one could do better.
 */
function segmentsMatch(segments: SegmentMatcher[], values: string[]): boolean {
  const open = segments[segments.length - 1] === null;
  const wanted = open ? segments.length - 1 : segments.length;
  let position = 0;
  let next = 0;
  let retry = -1;
  let retryFrom = 0;
  while (next < values.length) {
    if (position === wanted && open) return true;
    const segment = position < wanted ? segments[position] : undefined;
    if (segment === null) {
      position += 1;
      retry = position;
      retryFrom = next;
    } else if (segment !== undefined && segment(values[next] ?? '')) {
      position += 1;
      next += 1;
    } else if (retry !== -1) {
      position = retry;
      retryFrom += 1;
      next = retryFrom;
    } else {
      return false;
    }
  }
  while (position < wanted && segments[position] === null) position += 1;
  return position === wanted && !open;
}

/** Dots between segments; `*` within one segment, `**` any number of them. */
export function compileAction(pattern: string): Matcher {
  if (!pattern.includes('*')) return (action) => action === pattern;
  const segments = compileSegments(pattern, '.');
  return (action) => segmentsMatch(segments, action.split('.'));
}

/** Slashes between segments. The value must have passed `pathValueProblem`. */
export function compilePath(pattern: string): Matcher {
  const segments = compileSegments(pattern, '/');
  return (value) => segmentsMatch(segments, value.split('/'));
}

/**
 * Why a value is not a path whose segments mean what they say. What a server, a shell or a CLI might fold away later
 * (`..`, `//`, an escaped dot or slash, a backslash) would make the value something else than what was decided on.
 */
export function pathValueProblem(value: string): string | undefined {
  if (value.includes('\\')) return 'a backslash';
  if (value.includes('//')) return 'an empty segment';
  const lower = value.toLowerCase();
  if (lower.includes('%2e') || lower.includes('%2f') || lower.includes('%5c'))
    return 'an escaped dot, slash or backslash';
  for (let index = 0; index < value.length; index += 1) {
    if (value.charCodeAt(index) < 0x20 || value.charCodeAt(index) === 0x7f) return 'a control character';
  }
  for (const segment of value.split('/')) if (segment === '.' || segment === '..') return 'a dot segment';
  return undefined;
}

const ACTION_UNITS = 'abcdefghijklmnopqrstuvwxyz0123456789_*';

/** Why a text is no action pattern. */
export function actionPatternProblem(pattern: string): PatternProblem | undefined {
  if (pattern === '') return { message: 'an action pattern is empty' };
  const size = sizeProblem(pattern);
  if (size) return size;
  for (const unit of pattern) {
    if (unit === ':' || unit === '-')
      return {
        message: `"${unit}" does not occur in action names`,
        hint: 'write aws.s3.list_buckets: dots and underscores',
      };
    if (unit !== '.' && !ACTION_UNITS.includes(unit)) {
      const shown = JSON.stringify(unit);
      return {
        message: `${shown} does not occur in action patterns`,
        hint: 'use a-z, 0-9, _, dots, * (in one segment) and ** (any number of segments)',
      };
    }
  }
  const segments = pattern.split('.');
  if (segments.includes('')) return { message: 'an action pattern has an empty segment' };
  if (segments.length === 1 && !pattern.includes('*')) {
    return {
      message: `"${pattern}" is no action`,
      hint: `actions look like <repeater>.<words>; for all of a repeater write ${pattern}.**`,
    };
  }
  return starsProblem(segments);
}

/** Why a text is no path pattern. */
export function pathPatternProblem(pattern: string): PatternProblem | undefined {
  const size = sizeProblem(pattern);
  if (size) return size;
  const odd = pathValueProblem(pattern);
  if (odd) return { message: `a path pattern has ${odd}`, hint: 'no value with that would match' };
  return starsProblem(pattern.split('/'));
}

/** Why a text is no glob. */
export function globPatternProblem(pattern: string): PatternProblem | undefined {
  const size = sizeProblem(pattern);
  if (size) return size;
  return pattern.includes('**')
    ? { message: 'a glob has "**"', hint: 'in a glob one * already crosses "/"; for segments use path' }
    : undefined;
}

function sizeProblem(pattern: string): PatternProblem | undefined {
  // No UTF-16 unit takes more than three bytes.
  return pattern.length * 3 > PATTERN_BYTES_MAX &&
    new TextEncoder().encode(pattern).length > PATTERN_BYTES_MAX
    ? { message: `a pattern is longer than ${PATTERN_BYTES_MAX} bytes` }
    : undefined;
}

function starsProblem(segments: string[]): PatternProblem | undefined {
  const bad = segments.some((segment) => segment.includes('**') && segment !== '**');
  return bad ? { message: '"**" must be a whole segment' } : undefined;
}
