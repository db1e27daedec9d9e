// What a statement for PostgreSQL begins with. Not the boundary, which is the role and the transaction: this keeps away
// what ends the transaction, leaves something behind (PREPARE TRANSACTION) or changes the protocol (COPY), with a sentence.

import { TurretError } from '../../../src/errors.js';

const READING = ['select', 'with', 'values', 'table', 'show', 'explain'];
const CHANGING = [
  'insert', 'update', 'delete', 'merge', 'truncate', 'create', 'alter', 'drop', 'comment', 'grant', 'revoke', 'call', 'do', 'refresh',
]; // prettier-ignore

// Comments of PostgreSQL nest, and those of a line end at any line break. What could be read in another way is no
// comment here, so that the word behind it is the one the server sees.
const NOTHING = /^(?:[ \t\r\n\f\v]+|--[^\r\n]*(?:\r?\n)|\/\*(?:(?!\/\*|\*\/)[^])*\*\/)+/;

/** @throws TurretError `invalid_params` */
export function requireStatement(sql: string, verb: 'query' | 'execute'): void {
  const rest = sql.replace(NOTHING, '').replace(/^[( \t\r\n\f\v]+/, '');
  const [word = ''] = /^[A-Za-z_]+/.exec(rest) ?? [];
  const allowed = verb === 'query' ? READING : [...READING, ...CHANGING];
  if (allowed.includes(word.toLowerCase())) return;
  const what = word === '' ? 'does not begin with a word' : `begins with ${word.slice(0, 32).toUpperCase()}`;
  throw new TurretError('invalid_params', `the statement ${what}`, {
    hints: [`${verb} takes ${allowed.join(', ').toUpperCase()}`],
  });
}
