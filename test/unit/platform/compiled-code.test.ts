import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { chownSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPieces, writePieces } from '../../../src/platform/compiled-code.js';

const PIECES = new Map([
  ['/one.cjs', { text: 'a'.repeat(64), compiled: Buffer.from([1, 2, 3]) }],
  ['/two.cjs', { text: 'b'.repeat(64), compiled: Buffer.from([10, 0, 10]) }],
]);

let root: string;
let directory: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'turret-compiled-'));
  directory = path.join(root, 'compiled');
  file = path.join(directory, 'run');
  writePieces(file, PIECES);
});
afterEach(() => rmSync(root, { recursive: true }));

const plain = (pieces: ReturnType<typeof readPieces>): unknown =>
  [...pieces].map(([name, { text, compiled }]) => [name, text, [...compiled]]);

it('is read as it was written, and nobody else can read it', () => {
  expect(plain(readPieces(file))).toEqual(plain(PIECES));
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['run']);
});

it('is not believed with any byte changed, cut off or added', () => {
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    expect(readPieces(file).size).toBe(0);
    writeFileSync(file, whole.subarray(0, at));
    expect(readPieces(file).size).toBe(0);
  }
  writeFileSync(file, Buffer.concat([whole, Buffer.from([0])]));
  expect(readPieces(file).size).toBe(0);
  writeFileSync(file, whole);
  expect(readPieces(file).size).toBe(2);
});

it('is not believed where others may write it or its directory', () => {
  chmodSync(file, 0o620);
  expect(readPieces(file).size).toBe(0);
  chmodSync(file, 0o600);
  chmodSync(directory, 0o770);
  expect(readPieces(file).size).toBe(0);
  chmodSync(directory, 0o702);
  expect(readPieces(file).size).toBe(0);
  chmodSync(directory, 0o700);
  expect(readPieces(file).size).toBe(2);
});

it.runIf(process.getuid?.() === 0)("is not believed where it is another user's", () => {
  chownSync(file, 54_321, 54_321);
  expect(readPieces(file).size).toBe(0);
  chownSync(file, 0, 0);
  chownSync(directory, 54_321, 54_321);
  expect(readPieces(file).size).toBe(0);
});

it('is not believed behind a link, nor when it is no file', () => {
  const kept = path.join(root, 'kept');
  renameSync(file, kept);
  symlinkSync(kept, file);
  expect(readPieces(file).size).toBe(0);
  rmSync(file);
  linkSync(kept, file);
  expect(readPieces(file).size).toBe(0);
  rmSync(kept);
  expect(readPieces(file).size).toBe(2);
  const behind = path.join(root, 'link');
  symlinkSync(directory, behind);
  expect(readPieces(path.join(behind, 'run')).size).toBe(0);
  rmSync(file);
  mkdirSync(file);
  expect(readPieces(file).size).toBe(0);
});

it('is not read when it is larger than we write it', () => {
  truncateSync(file, 33_554_433);
  expect(readPieces(file).size).toBe(0);
});

it('leaves nothing of what it could not finish', () => {
  rmSync(file);
  mkdirSync(path.join(file, 'in-the-way'), { recursive: true });
  writePieces(file, PIECES);
  expect(readdirSync(directory)).toEqual(['run']);
});

it('is done without where it cannot be written', () => {
  writePieces(path.join(file, 'below-a-file'), PIECES);
  expect(readPieces(path.join(file, 'below-a-file')).size).toBe(0);
});
