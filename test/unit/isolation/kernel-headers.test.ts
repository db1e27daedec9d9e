// The numbers in the filters are those of the kernel's headers: of this machine's own, and of arm64, which has the generic ones.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { machine } from '../../../src/isolation/seccomp/syscall-numbers.js';

type Numbers = Record<string, number>;
const VECTORS: Record<string, Numbers> = JSON.parse(
  readFileSync('test/vectors/syscall-numbers.json', 'utf8'),
);
const HEADERS: [NodeJS.Architecture, header: string, audit: string][] = [
  // As arm64's own asm/unistd.h asks for it.
  ['arm64', '#define __ARCH_WANT_SYS_CLONE3\n#include <asm-generic/unistd.h>', 'AUDIT_ARCH_AARCH64'],
];
if (process.arch === 'x64') HEADERS.push(['x64', '#include <asm/unistd.h>', 'AUDIT_ARCH_X86_64']);

/** What the compiler makes of these words once the headers are read: expressions of numbers. */
function preprocessed(headers: string, words: readonly string[]): string[] {
  const input = `${headers}\n${words.map((word) => `turret: ${word}`).join('\n')}\n`;
  const output = execFileSync('cc', ['-E', '-P', '-x', 'c', '-'], { input, encoding: 'utf8' });
  return [...output.matchAll(/^turret: (.*)$/gm)].map(([, expression = '']) => expression);
}

test.each(HEADERS)('every system call that a filter of %s names has its number', (arch, header, audit) => {
  const names = Object.keys(VECTORS[arch] ?? {});
  const numbers = preprocessed(
    header,
    names.map((name) => `__NR_${name}`),
  ).map(Number);
  expect(names.length).toBeGreaterThan(40);
  expect(Object.fromEntries(names.map((name, at) => [name, numbers[at]]))).toEqual(VECTORS[arch]);
  expect(machine(arch)?.numbers).toEqual(VECTORS[arch]);
  const [expression = ''] = preprocessed('#include <linux/audit.h>', [audit]);
  const bits = [...expression.matchAll(/0x[0-9a-f]+|\d+/gi)].map(([number]) => BigInt(number));
  expect(bits.reduce((all, bit) => all | bit, 0n)).toBe(BigInt(machine(arch)?.audit ?? 0));
});
