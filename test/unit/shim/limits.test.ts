// The bounds and names that the native shim has in C are those of the TypeScript code.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { ERROR_CODES } from '../../../src/protocol/codes.js';
import * as limits from '../../../src/protocol/limits.js';

const BOUNDS = new Map<string, unknown>(Object.entries(limits));
const text = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../shims/native/${name}`, import.meta.url)), 'utf8');

it('has the bounds of limits.ts', () => {
  const found = [...text('limits.h').matchAll(/^#define ([A-Z_]+) (\d+)$/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ]);
  expect(found.length).toBeGreaterThan(15);
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(found.map(([name]) => [name, BOUNDS.get(String(name))])),
  );
});

it('knows every error by its code', () => {
  const found = [...text('problem.c').matchAll(/^ {4}\{"([a-z_]+)", (\d+), [A-Z]+\},$/gm)].map(
    ([, name, code]) => [name, Number(code)],
  );
  expect(Object.fromEntries(found)).toEqual(ERROR_CODES);
});
