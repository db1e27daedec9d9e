// The program that waits in a sandbox (await-call.c).

import { openSync } from 'node:fs';
import { nativeProgram } from '../../../src/installation.js';

/** A descriptor of it; undefined where it was neither brought nor compiled. */
export function openAwaitCall(): number | undefined {
  const path = nativeProgram('await-call');
  return path === undefined ? undefined : openSync(path, 'r');
}
