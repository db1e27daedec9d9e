// Entry of every command but `run`. What they are made of is large, and read as it was compiled before.

import './platform/preamble.js';

import { useCompiledCode } from './platform/compiled-code.js';

export async function main(argv: string[]): Promise<void> {
  useCompiledCode('commands');
  await (await import('./cli.js')).main(argv);
}
