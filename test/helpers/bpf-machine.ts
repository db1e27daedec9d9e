// Runs a seccomp filter as the kernel does, on bytes laid out as `struct sock_filter[]`; and looks at it as the kernel's
// checker does before it takes one. Shares nothing with the assembler.

export interface Call {
  arch: number;
  nr: number;
  args?: (number | bigint)[];
}
export type Verdict = 'allow' | 'kill' | `errno ${number}`;

const BYTES = 8;
const LOAD = 0x20;
const AND = 0x54;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_SET = 0x45;
const RETURN = 0x06;
const JUMPS = [EQUAL, AT_LEAST, ANY_SET];

export interface Step {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** The instructions, as the kernel reads them. */
export function instructions(filter: Buffer): Step[] {
  if (filter.length % BYTES !== 0) throw new Error('not whole instructions');
  return Array.from({ length: filter.length / BYTES }, (_, index) => {
    const at = index * BYTES;
    const [jt, jf] = [filter.readUInt8(at + 2), filter.readUInt8(at + 3)];
    return { code: filter.readUInt16LE(at), jt, jf, k: filter.readUInt32LE(at + 4) };
  });
}

/** What is wrong with a filter, whoever calls what. */
export function faults(program: readonly Step[]): string[] {
  const found = program.flatMap(({ code, jt, jf, k }, index) => {
    const at = `instruction ${index}`;
    if (code === RETURN || code === AND) return [];
    if (code === LOAD) return k % 4 === 0 && k < 64 ? [] : [`${at} loads from ${k}`];
    if (!JUMPS.includes(code)) return [`${at} is unknown: ${code}`];
    return index + 1 + Math.max(jt, jf) < program.length ? [] : [`${at} jumps out`];
  });
  return program.at(-1)?.code === RETURN ? found : [...found, 'falls off the end'];
}

/** The verdict, and which instructions were passed. Throws when there is none. */
export function run(program: readonly Step[], call: Call): { verdict: Verdict; passed: number[] } {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.nr >>> 0, 0);
  data.writeUInt32LE(call.arch >>> 0, 4);
  for (const [index, value] of (call.args ?? []).entries())
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index);
  const passed: number[] = [];
  let word = 0;
  for (let at = 0; ; at += 1) {
    const step = program[at];
    if (step === undefined) throw new Error(`ran to ${at} of ${program.length}`);
    const { code, jt, jf, k } = step;
    passed.push(at);
    if (code === LOAD) word = data.readUInt32LE(k);
    else if (code === AND) word = (word & k) >>> 0;
    else if (code === EQUAL) at += word === k ? jt : jf;
    else if (code === AT_LEAST) at += word >= k ? jt : jf;
    else if (code === ANY_SET) at += (word & k) === 0 ? jf : jt;
    else if (code === RETURN) return { verdict: named(k), passed };
    else throw new Error(`instruction ${code}`);
  }
}

function named(k: number): Verdict {
  if (k === 0x7fff_0000) return 'allow';
  if (k === 0x8000_0000) return 'kill';
  if (k >>> 16 === 5) return `errno ${k & 0xffff}`;
  throw new Error(`verdict ${k.toString(16)}`);
}
