import { existsSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { parseConfigFile } from '../../../src/config/parse.js';
import { projectConfigText, userConfigText } from '../../../src/setup/config-text.js';
import { schemaReference } from '../../../src/setup/schema-path.js';
import type { Survey } from '../../../src/setup/survey.js';

const FOUND: Survey = {
  tools: {
    aws: { tool: 'aws', path: '/usr/bin/aws', version: '2.9.20', table: '2.9.19' },
    gh: { tool: 'gh', problem: 'gh was not found' },
  },
  credentials: {
    aws: { found: true, source: 'profile default (SSO)' },
    gh: { found: false, source: 'nothing for github.com', fix: 'gh auth login' },
  },
  profiles: [
    'default',
    'dev',
    'Prod-1',
    'prod_1',
    '9',
    'gh',
    'two words',
    'a"b',
    `${'x'.repeat(40)}1`,
    `${'x'.repeat(40)}2`,
  ],
  region: 'eu-west-1',
  hosts: ['github.com', 'ghe.example.com'],
  agents: [{ program: 'claude', keys: ['ANTHROPIC_API_KEY'] }],
};
const SCHEMA = '/opt/turret/schema/turret.schema.json';

function parsed(text: string, layer: 'user' | 'project') {
  const { value, problems } = parseConfigFile(Buffer.from(text), 'turret.yaml', layer);
  expect(problems).toEqual([]);
  if (value === undefined) throw new Error('no problem and no value');
  return value;
}

/** Every example in the file switched on: all that is not `# ` and a word. */
function switchedOn(text: string): string {
  return text.replaceAll(/^( *)#(?! \S)/gm, '$1');
}

describe('the user file', () => {
  const text = userConfigText(FOUND, SCHEMA);

  test('begins with the line editors look for', () => {
    expect(text.split('\n')[0]).toBe(`# yaml-language-server: $schema=${SCHEMA}`);
  });
  test('loads without problems, with aws and gh and the presets that only read', () => {
    const value = parsed(text, 'user');
    expect(value.presets).toEqual(['aws-readonly', 'gh-readonly']);
    expect(value.repeaters).toMatchObject({
      aws: { kind: 'aws', region: 'eu-west-1', credentials: 'auto' },
      gh: { kind: 'gh', credentials: 'auto' },
    });
    expect(value.rules).toEqual([]);
    expect(value.tests.length).toBeGreaterThan(0);
  });
  test('loads with every example switched on, a repeater for each profile under a name of its own', () => {
    const value = parsed(switchedOn(text), 'user');
    expect(
      Object.entries(value.repeaters ?? {}).map(([name, { kind, credentials }]) => [name, kind, credentials]),
    ).toEqual([
      ['aws', 'aws', 'auto'],
      ['dev', 'aws', 'profile:dev'],
      ['prod_1', 'aws', 'profile:Prod-1'],
      ['prod_1_2', 'aws', 'profile:prod_1'],
      ['aws_9', 'aws', 'profile:9'],
      ['gh_2', 'aws', 'profile:gh'],
      ['x'.repeat(32), 'aws', `profile:${'x'.repeat(40)}1`],
      [`${'x'.repeat(30)}_2`, 'aws', `profile:${'x'.repeat(40)}2`],
      ['gh', 'gh', 'auto'],
      ['gh_ghe_example_com', 'gh', 'auto'],
    ]);
    expect(value.rules.map(({ id }) => id)).toEqual(['team-bucket', 'our-pull-requests']);
    expect(value.limit).toMatchObject({ calls: 500 });
    expect(value.env.unsafe).toEqual(['ANTHROPIC_API_KEY']);
    expect(value.gateway).toEqual(['anthropic']);
  });
  test('counts the profiles it cannot write and does not write them', () => {
    expect(text).toContain('# 2 more with names that cannot stand here');
    expect(text).not.toContain('two words');
    expect(text).not.toContain('a"b');
  });
  test('says what serves the installed programs and what is missing', () => {
    expect(text).toContain('# aws 2.9.20, served by the table of 2.9.19; auto today: profile default (SSO)');
    expect(text).toContain('# gh: no usable gh was found');
    expect(text).toContain('# installed here: turret run -- claude');
  });
  test('loads on a machine with nothing', () => {
    const nothing: Survey = {
      ...FOUND,
      profiles: [],
      hosts: [],
      agents: [],
      tools: { aws: { tool: 'aws' }, gh: { tool: 'gh' } },
    };
    delete nothing.region;
    const bare = userConfigText(nothing, SCHEMA);
    expect(parsed(bare, 'user').repeaters).toMatchObject({ aws: { credentials: 'auto' } });
    expect(parsed(switchedOn(bare), 'user').env.unsafe).toEqual([]);
  });
  test('does not let the name of a profile out of its comment', () => {
    const survey: Survey = {
      ...FOUND,
      credentials: {
        ...FOUND.credentials,
        aws: { found: true, source: 'profile x\nisolation: none\u2028\u0085isolation: none' },
      },
    };
    expect(parsed(userConfigText(survey, SCHEMA), 'user').isolation).toBe('auto');
  });
});

describe('the project file', () => {
  const text = projectConfigText(SCHEMA);

  test('loads as a project file, as it is and with every example switched on', () => {
    expect(parsed(text, 'project').rules).toEqual([]);
    expect(parsed(switchedOn(text), 'project').rules.map(({ effect }) => effect)).toEqual(['deny', 'allow']);
  });
  test('would not load with what only the user may say', () => {
    expect(
      parseConfigFile(Buffer.from(`${text}isolation: none\n`), 'turret.yaml', 'project').problems,
    ).not.toEqual([]);
  });
});

test('the schema an editor is led to is there', () => {
  expect(existsSync(schemaReference())).toBe(true);
});
