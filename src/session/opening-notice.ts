// Whoever started the session is told when a program that serves the agent is not shut in. A log nobody reads is silence.

import type { Readable } from 'node:stream';

import { openingIn } from '../../repeaters/sdk/sandbox/opening.js';
import { OPENING_BYTES_MAX } from '../protocol/limits.js';

/**
 * Reads along with the first words of a repeater, and calls `tell` once if they say so. Not longer: later words of it may
 * be an agent's doing.
 */
export function tellOpening(stderr: Readable, tell: (line: string) => void): void {
  let said = '';
  const look = (chunk: Buffer): void => {
    said += chunk.toString('utf8');
    const line = openingIn(said);
    if (line !== undefined) tell(line);
    if (line !== undefined || said.length > OPENING_BYTES_MAX) stderr.off('data', look);
  };
  stderr.on('data', look);
}
