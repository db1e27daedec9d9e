// `{owner}`, `{repo}` and `{branch}` of `gh api`. gh puts in what it finds in its surroundings, which here are a claim of the
// agent's: they are filled in before anything is decided, so that the call is the one that would be typed without them.

import type { Facts } from './facts.js';
import { refusal } from './refusal.js';

/** gh replaces these, in both spellings, once: what it puts in is not looked at again. */
const PLACEHOLDER = /\{(owner|repo|branch)\}|:(owner|repo|branch)\b/g;

export const hasPlaceholder = (text: string): boolean => new RegExp(PLACEHOLDER).test(text);

/** @throws FactsWanted; TurretError `unresolvable` outside of a checkout, or when no branch is checked out */
export function fillPlaceholders(text: string, facts: Facts): string {
  return text.replace(PLACEHOLDER, (_, braced?: string, spelled?: string) => {
    const name = braced ?? spelled;
    if (name !== 'branch') return facts.firstRepo().split('/')[name === 'owner' ? 0 : 1] ?? '';
    const branch = facts.branch();
    if (branch === undefined) throw refusal('no branch is checked out here', 'write the branch out');
    return branch;
  });
}

/**
 * Fields of `-F` without placeholders.
 * @returns `raw`: those that had one, which gh sends as text, whatever they look like now
 */
export function fillFields(fields: readonly string[], facts: Facts): { fields: string[]; raw: string[] } {
  const keyOf = (field: string): string => field.slice(0, field.indexOf('='));
  const left: string[] = [];
  const raw: string[] = [];
  for (const field of fields) {
    const key = keyOf(field);
    const value = field.slice(key.length + 1);
    if (value.startsWith('@') || !hasPlaceholder(value)) {
      left.push(field);
      continue;
    }
    // gh reads fields of -f first, so one of them cannot stand for one of -F that another of -F follows.
    if (key.includes('[') || fields.filter((other) => keyOf(other) === key).length > 1)
      throw refusal(`the field ${key} has a placeholder and is one of several`, 'write owner and name out');
    raw.push(`${key}=${fillPlaceholders(value, facts)}`);
  }
  return { fields: left, raw };
}
