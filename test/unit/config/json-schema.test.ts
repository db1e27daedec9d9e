import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { manifestSchema, turretSchema } from '../../../src/config/json-schema.js';
import type { Json, JsonObject } from '../../../src/protocol/messages.js';
import { parse } from './texts.js';

const SCHEMAS = { turret: turretSchema(), manifest: manifestSchema() };

function keysOf(schema: Json | undefined): string[] {
  const properties = (schema as JsonObject | undefined)?.['properties'];
  return Object.keys((properties ?? {}) as JsonObject);
}

describe('the shipped schema', () => {
  test.each(['turret', 'manifest'] as const)(
    'of %s is the one the shape makes (scripts/schema.mjs)',
    (name) => {
      const shipped = new URL(`../../../schema/${name}.schema.json`, import.meta.url);
      expect(JSON.parse(readFileSync(shipped, 'utf8'))).toEqual(SCHEMAS[name]);
    },
  );

  test('knows every key that the validator knows, and no other', () => {
    const keys = keysOf(turretSchema());
    expect(keys).toContain('rules');
    for (const key of keys) {
      const { problems } = parse(`version: 1\n${key === 'version' ? '' : `${key}: null`}`);
      expect(problems.filter((problem) => problem.message.includes('unknown key'))).toEqual([]);
    }
    expect(parse('version: 1\nnot_a_key: null').problems[0]?.message).toContain('unknown key');
  });

  test('has patterns that every engine understands', () => {
    const patterns: string[] = [];
    JSON.stringify(SCHEMAS, (key, value: unknown) => {
      if (key === 'pattern' && typeof value === 'string') patterns.push(value);
      return value;
    });
    expect(patterns.length).toBeGreaterThan(5);
    for (const pattern of patterns) expect(() => new RegExp(pattern, 'u')).not.toThrow();
  });
});
