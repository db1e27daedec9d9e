// Conditions as words: `bucket in [team-a]`. Values come from the operator's files, but a project file is the agent's, so
// everything is printed as JSON text.

import { KIND_KEY, OPERATORS } from './rule.js';
import type { Condition, Range } from './rule.js';

const VALUES_SHOWN = 5;
const TEXT_SHOWN = 80;

/** All conditions of a rule, one text each. */
export function conditionTexts(where: Record<string, Condition>): string[] {
  return Object.entries(where).map(([key, condition]) => conditionText(key, condition));
}

/** The conditions on params alone. */
export function paramConditions(where: Record<string, Condition>): Record<string, Condition> {
  return Object.fromEntries(Object.entries(where).filter(([key]) => !key.startsWith('$')));
}

const ADJECTIVES: Record<string, [whenTrue: string, whenFalse: string]> = {
  $readOnly: ['read-only', 'writing'],
  $destructive: ['destructive', 'not destructive'],
  $idempotent: ['repeatable', 'not repeatable'],
  $openWorld: ['outward', 'local'],
  $egress: ['publishing', 'not publishing'],
  $untrustedOutput: ['third-party', 'first-party'],
  $secretOutput: ['secret-returning', 'not secret-returning'],
};

/** The conditions on annotations and kind as adjectives: `read-only`, `aws`. That no secret comes back goes without saying. */
export function annotationTexts(where: Record<string, Condition>): string[] {
  const texts: string[] = [];
  for (const [key, condition] of Object.entries(where)) {
    const words = ADJECTIVES[key];
    if (key === KIND_KEY)
      texts.push(condition.eq === undefined ? conditionText('kind', condition) : scalarText(condition.eq));
    else if (words && !(key === '$secretOutput' && condition.eq === false))
      texts.push(words[condition.eq === true ? 0 : 1]);
  }
  return texts.sort((left, right) => Number(right.includes('-')) - Number(left.includes('-')));
}

/** One condition. With `verb` as a clause: `bucket were in [team-a]`. */
export function conditionText(key: string, condition: Condition, verb?: string): string {
  const parts: string[] = [];
  for (const operator of OPERATORS) {
    const value = condition[operator];
    if (value !== undefined) parts.push(operatorText(operator, value));
  }
  return `${key} ${verb === undefined ? '' : `${verb} `}${parts.join(' and ')}`;
}

function operatorText(
  operator: (typeof OPERATORS)[number],
  value: NonNullable<Condition[typeof operator]>,
): string {
  switch (operator) {
    case 'eq':
      return `= ${valueText(value)}`;
    case 'in':
      return `in ${valueText(value)}`;
    case 'not_in':
      return `not in ${valueText(value)}`;
    case 'glob':
    case 'path':
      return `like ${valueText(value)}`;
    case 'prefix':
      return `starting with ${valueText(value)}`;
    case 'range':
      return rangeText(value as Range);
    case 'exists':
      return value === true ? 'given' : 'left out';
    default:
      return `of length ${rangeText(value as Range)}`;
  }
}

function rangeText(range: Range): string {
  if (range.min !== undefined && range.max !== undefined) return `${range.min}–${range.max}`;
  return range.min === undefined ? `at most ${range.max ?? 'anything'}` : `at least ${range.min}`;
}

function valueText(value: unknown): string {
  if (!Array.isArray(value)) return scalarText(value);
  const shown = value.slice(0, VALUES_SHOWN).map(scalarText);
  if (value.length > VALUES_SHOWN) shown.push('…');
  return `[${shown.join(', ')}]`;
}

/** Plain when it is plain; otherwise JSON with everything but printable ASCII escaped. */
function scalarText(value: unknown): string {
  if (typeof value === 'string' && value.length > TEXT_SHOWN)
    return scalarText(`${value.slice(0, TEXT_SHOWN - 1)}…`);
  if (typeof value === 'string' && /^[A-Za-z0-9_./:*@+-]+$/.test(value)) return value;
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
