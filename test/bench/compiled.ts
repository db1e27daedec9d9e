// The programs in C that the figures need, made when they are first asked for.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const made = new Map<string, string>();

/** Where test/bench/NAME.c is as a program. Throws when there is no C compiler. */
export function compiled(name: string): string {
  const known = made.get(name);
  if (known !== undefined) return known;
  const program = path.resolve('dist/test', name);
  mkdirSync(path.dirname(program), { recursive: true });
  execFileSync('cc', ['-O2', '-Wall', '-o', program, `test/bench/${name}.c`], { stdio: 'inherit' });
  made.set(name, program);
  return program;
}
