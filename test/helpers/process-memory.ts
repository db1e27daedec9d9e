// What another process holds, read from outside: its memory, environment and arguments.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Address space that is reserved and not used, as the one of a Wasm engine, is not read to its end. */
const RANGE_BYTES_MAX = 512 * 1024 * 1024;

/** Those of the needles that are anywhere in the process's readable memory. Throws when it may not be read. */
export function foundInMemory(pid: number, needles: readonly string[]): Set<string> {
  const found = new Set<string>();
  const bytes = needles.map((needle) => [needle, Buffer.from(needle)] as const);
  const overlap = Math.max(...bytes.map(([, { length }]) => length));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const [start, end] of readableRanges(pid)) {
      for (let at = start; at < Math.min(end, start + RANGE_BYTES_MAX); at += CHUNK_BYTES) {
        const chunk = readAt(memory, at, Math.min(CHUNK_BYTES + overlap, end - at));
        if (chunk.length === 0) break;
        for (const [needle, text] of bytes) if (chunk.includes(text)) found.add(needle);
      }
    }
  } finally {
    closeSync(memory);
  }
  return found;
}

function readableRanges(pid: number): [number, number][] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line): [number, number][] => {
      const [, start, end, rest = ''] = /^([0-9a-f]+)-([0-9a-f]+) r(.*)$/.exec(line) ?? [];
      if (start === undefined || end === undefined || /\[(?:vvar|vsyscall)/.test(rest)) return [];
      return [[Number.parseInt(start, 16), Number.parseInt(end, 16)]];
    });
}

function readAt(file: number, at: number, length: number): Buffer {
  const chunk = Buffer.alloc(length);
  try {
    return chunk.subarray(0, readSync(file, chunk, 0, length, at));
  } catch {
    // A range without pages behind it, as that of a device.
    return Buffer.alloc(0);
  }
}

/** Those of the needles that are in the environment or the arguments the process was started with. */
export function foundInStart(pid: number, needles: readonly string[]): Set<string> {
  const text = ['environ', 'cmdline']
    .map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'))
    .join('\0');
  return new Set(needles.filter((needle) => text.includes(needle)));
}
