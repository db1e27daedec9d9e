// What all filters have in common: which calls are looked at at all, and one verdict or a look at the arguments for each.
//
// Who is attacking: any code the agent runs. It chooses the number, every bit of every argument, and on most machines
// also the way the kernel is entered, where the same numbers mean other calls.

import { type Code, ALLOW, ARCHITECTURE, KILL_PROCESS, NUMBER, assemble } from './bpf.js';
import { failWith, ifAnySet, ifAtLeast, ifEqual, withWord } from './bpf.js';
import { type Syscall, machine } from './syscall-numbers.js';

export const EPERM = failWith(1);
export const ENOSYS = failWith(38);

export type Rules = Partial<Record<Syscall, Code>>;

export function everyOne(syscalls: readonly Syscall[], code: Code): Rules {
  return Object.fromEntries(syscalls.map((name) => [name, code]));
}

/**
 * The filter's bytes; what no rule names is allowed. Undefined for a machine whose system call numbers are not known.
 *
 * A 32-bit call (int 0x80, arm32) ends the process: its numbers are others, so nothing could be said about what it does,
 * and a program made of such calls could not even exit when all of them failed.
 */
export function filterOf(arch: NodeJS.Architecture, rules: Rules): Buffer | undefined {
  const known = machine(arch);
  if (known === undefined) return undefined;
  const names = Object.keys(rules) as Syscall[];
  const byNumber = names.reduceRight<Code>(
    (rest, name) => ifEqual(known.numbers[name], rules[name] ?? ALLOW, rest),
    ALLOW,
  );
  const own = withWord(NUMBER, arch === 'x64' ? withoutX32(byNumber) : byNumber);
  return assemble(withWord(ARCHITECTURE, ifEqual(known.audit, own, KILL_PROCESS)));
}

// The x32 way to call has the same AUDIT_ARCH, a bit in the number, and numbers of its own from 512 to 547, which older
// kernels also took without that bit. Most kernels are built without x32 and answer ENOSYS: so does the filter.
const X32_BIT = 0x4000_0000;
const X32_FIRST = 512;
const X32_END = 548;

function withoutX32(code: Code): Code {
  return ifAnySet(X32_BIT, ENOSYS, ifAtLeast(X32_FIRST, ifAtLeast(X32_END, ALLOW, ENOSYS), code));
}
