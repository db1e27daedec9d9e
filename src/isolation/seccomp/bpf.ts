// A small assembler for classic BPF, the language of seccomp filters. Programs are built from their leaves: a piece of
// code always ends in a verdict on every path, and a condition takes both of its branches. So a filter cannot run off its
// end and cannot jump anywhere but forward into itself, whatever is written with these functions.

/** One `struct sock_filter`: u16 code, u8 jump if true, u8 jump if false, u32 operand. */
interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}
/** Ends in a verdict on every path. */
export type Code = readonly Instruction[];

// From <linux/bpf_common.h>.
const LOAD_WORD = 0x20;
const AND = 0x54;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_ANY_SET = 0x45;
const RETURN = 0x06;
const INSTRUCTION_BYTES = 8;

// From <linux/seccomp.h>.
const RETURN_ERRNO = 0x0005_0000;
export const ALLOW: Code = verdict(0x7fff_0000);
export const KILL_PROCESS: Code = verdict(0x8000_0000);

/** The call fails with this number and has no effect. */
export function failWith(errno: number): Code {
  return verdict(RETURN_ERRNO | errno);
}

/** Goes on with a field of `struct seccomp_data`. */
export function withWord(offset: number, code: Code): Code {
  return [{ code: LOAD_WORD, jt: 0, jf: 0, k: offset }, ...code];
}
export const NUMBER = 0;
export const ARCHITECTURE = 4;
/**
 * Offset of the low 32 bits of an argument, which is all that the kernel looks at where the parameter is an int. To
 * compare all 64 would let a caller past who sets a bit above them.
 */
export function argument(index: number): number {
  return 16 + 8 * index;
}

/** Goes on with some bits of the word. */
export function masked(mask: number, code: Code): Code {
  return [{ code: AND, jt: 0, jf: 0, k: mask }, ...code];
}

export function ifEqual(value: number, then: Code, otherwise: Code): Code {
  return branch(JUMP_EQUAL, value, then, otherwise);
}

export function ifAnyOf(values: readonly number[], then: Code, otherwise: Code): Code {
  return values.reduceRight((rest, value) => ifEqual(value, then, rest), otherwise);
}

export function ifAtLeast(value: number, then: Code, otherwise: Code): Code {
  return branch(JUMP_GREATER_OR_EQUAL, value, then, otherwise);
}

export function ifAnySet(mask: number, then: Code, otherwise: Code): Code {
  return branch(JUMP_ANY_SET, mask, then, otherwise);
}

// A jump goes 255 instructions at most (assemble() throws RangeError past that), so the shorter branch comes first.
function branch(code: number, k: number, then: Code, otherwise: Code): Code {
  return then.length <= otherwise.length
    ? [{ code, jt: 0, jf: then.length, k }, ...then, ...otherwise]
    : [{ code, jt: otherwise.length, jf: 0, k }, ...otherwise, ...then];
}

function verdict(k: number): Code {
  return [{ code: RETURN, jt: 0, jf: 0, k }];
}

/** The `struct sock_filter[]` of a little-endian machine, which is what Node runs on. */
export function assemble(program: Code): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(jt, at + 2);
    bytes.writeUInt8(jf, at + 3);
    bytes.writeUInt32LE(k >>> 0, at + 4);
  }
  return bytes;
}
