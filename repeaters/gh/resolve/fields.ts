// `-F key=value`, where gh reads `@file`: the file is carried by value like any other.

import type { FileNeed, Needs } from '../../../src/protocol/messages.js';
import { carriedPath } from './paths.js';
import { refusal } from './refusal.js';

/** @throws TurretError `unresolvable` for a field without a plain key */
export function checkField(field: string): string {
  if (!/^[A-Za-z0-9_.@:-]{1,100}(?:\[[A-Za-z0-9_.@ :/-]{0,200}\]){0,8}=/.test(field)) {
    throw refusal('a field is not key=value', 'type -f key=value');
  }
  return field;
}

/** Fields with their files normalised and added to `needs`. @throws TurretError `unresolvable` */
export function readFields(fields: readonly string[], cwd: string, needs: Needs): string[] {
  return fields.map((field) => {
    const equals = checkField(field).indexOf('=');
    const [key, value] = [field.slice(0, equals), field.slice(equals + 1)];
    if (!value.startsWith('@')) return field;
    return `${key}=@${carryFile(value.slice(1), { cwd, what: 'the file of a field' }, needs)}`;
  });
}

/** A path, or `-`, that is added to `needs`. @throws TurretError `unresolvable` */
export function carryFile(word: string, options: { cwd: string; what: string }, needs: Needs): string {
  if (word === '-') {
    if (needs.stdin) throw refusal('standard input is named twice', 'use a file for one of them');
    needs.stdin = true;
    return '-';
  }
  const path = carriedPath(word, options);
  const need: FileNeed = { path, use: 'read', tree: false };
  if (!needs.files.some((other) => other.path === path)) needs.files.push(need);
  return path;
}
