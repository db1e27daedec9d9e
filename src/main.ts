// Entry of every command but `run`. What they are made of is large, and read as it was compiled before.

import './platform/preamble.js';

import { homedir } from 'node:os';

import { useCompiledCode } from './platform/compiled-code.js';

export async function main(argv: string[]): Promise<void> {
  hasHome();
  useCompiledCode('commands');
  await (await import('./cli.js')).main(argv);
}

// oclif asks for it while it is read, and fails for a user without HOME who is in no password file. Empty is as good as unset to us.
function hasHome(): void {
  try {
    homedir();
  } catch {
    process.env['HOME'] = '';
  }
}
