// `turret token …` inside a session.

import { escapeForeign, escapeJson } from '../audit/escape.js';
import { attenuate } from './attenuate.js';
import { revokeInside, tokenRows, tokensInside } from './token-list.js';

/** Runs one of them; false when it is none. `program` is what this process was called as. */
export async function tokenCommand([command, ...words]: string[], program: string): Promise<boolean> {
  if (command === 'attenuate') {
    await attenuate(words, program);
    return true;
  }
  if (command === 'list') {
    const tokens = await tokensInside(program);
    const text = words.includes('--json')
      ? JSON.stringify({ tokens }, null, 2)
      : tokenRows(tokens)
          .map((row) => row.map(escapeForeign).join('  ').trimEnd())
          .join('\n');
    process.stdout.write(`${escapeJson(text)}\n`);
    return true;
  }
  if (command === 'revoke' && words[0] !== undefined) {
    const revoked = await revokeInside(words[0], program);
    process.stdout.write(`revoked ${revoked}\n`);
    return true;
  }
  return false;
}
