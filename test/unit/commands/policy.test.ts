import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import PolicyCheck from '../../../src/commands/policy/check.js';
import PolicyExplain from '../../../src/commands/policy/explain.js';
import PolicyShow from '../../../src/commands/policy/show.js';
import PolicyTest from '../../../src/commands/policy/test.js';
import { readConfigFile } from '../../../src/platform/config-file.js';

const ROOT = new URL('../../../package.json', import.meta.url).href;
const TEXT = `version: 1
repeaters: { prod: { kind: aws }, gh: {} }
extends: [preset:aws-readonly]
rules:
  - { id: team, allow: prod.s3.get_object, where: { bucket: team-a } }
  - { id: few, deny: "**", where: { max_items: { range: { min: 100 } } } }
  - { id: token, allow: prod.sts.get_token }
tests:
  - { call: prod.s3.get_object, params: { bucket: team-a }, expect: allow }
`;

let directory = '';
let file = '';
let lines: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'turret-policy-'));
  file = join(directory, 'turret.yaml');
  await put(TEXT);
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => {
    lines.push(...format(...words).split('\n'));
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await rm(directory, { recursive: true });
});

async function put(text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
}

describe('turret policy check', () => {
  test('says that all is well, and exits with 0', async () => {
    const result = await PolicyCheck.run(['--config', file], ROOT);
    expect(result).toEqual({ ok: true, problems: [], notes: [], rules: 5, files: [file] });
    expect(lines).toEqual([`ok: 5 rules (${file})`]);
    expect(process.exitCode).toBeUndefined();
  });

  test('notes a rule for a repeater that is not there, of the file and of no preset', async () => {
    await put(TEXT.replace('deny: "**"', 'deny: ["prd.**", "*.s3.**", "**"], except: [github.pr.list]'));
    const result = await PolicyCheck.run(['--config', file], ROOT);
    expect(result).toMatchObject({
      ok: true,
      notes: [
        { file, line: 6 },
        { file, line: 6 },
      ],
    });
    expect(lines.slice(1)).toEqual([
      `note: ${file}:6:1: no repeater is called "prd", so this never matches (did you mean "prod"?)`,
      `note: ${file}:6:1: no repeater is called "github", so this never matches (repeaters: prod, gh)`,
    ]);
    expect(process.exitCode).toBeUndefined();
  });

  test('prints file, line and column of each problem, and exits with 1', async () => {
    await put('version: 1\nruels: []\n"\\x1b[2J": 1\n');
    const result = await PolicyCheck.run(['--config', file], ROOT);
    expect(result).toMatchObject({
      ok: false,
      problems: [
        { line: 2, column: 1 },
        { line: 3, column: 1 },
      ],
    });
    expect(lines[0]).toBe(`${file}:2:1: unknown key "ruels" (did you mean "rules"?)`);
    expect(lines.join('\n')).not.toContain('\u001b');
    expect(process.exitCode).toBe(1);
  });
});

describe('turret policy explain', () => {
  test('names the decision, the rule and its place', async () => {
    const result = await PolicyExplain.run(['--config', file, 'prod.s3.get_object', 'bucket=team-a'], ROOT);
    expect(result).toMatchObject({
      effect: 'allow',
      kind: 'aws',
      rule: { id: 'team', line: 5 },
      capability: { params: { bucket: 'team-a' } },
    });
    expect(lines).toEqual([`allow  prod.s3.get_object  by team (${file}:5)`]);
  });

  test('names the nearest rule when none allows it', async () => {
    await PolicyExplain.run(['prod.s3.get_object', 'bucket=other', '--config', file], ROOT);
    expect(lines).toEqual([
      'deny  prod.s3.get_object',
      '  no rule allows it',
      `  would be allowed if bucket were = team-a  by team (${file}:5)`,
    ]);
  });

  test.each<[string, string[], string]>([
    ['the cautious value', ['prod.ec2.describe_instances'], 'deny'],
    ['--read-only', ['prod.ec2.describe_instances', '--read-only'], 'allow'],
    ['--kind', ['prod.ec2.describe_instances', '--read-only', '--kind', 'gh'], 'deny'],
    ['--secret-output', ['prod.ec2.describe_instances', '--read-only', '--secret-output'], 'deny'],
    ['--secret-output, and the action is named', ['prod.sts.get_token', '--secret-output'], 'allow'],
    ['a version with network', ['prod.cli.version', '--kind', 'db', '--read-only'], 'deny'],
    ['--local', ['prod.cli.version', '--kind', 'db', '--read-only', '--local'], 'allow'],
    ['a number', ['prod.ec2.describe_instances', '--read-only', 'max_items:=99'], 'allow'],
    ['a large number', ['prod.ec2.describe_instances', '--read-only', 'max_items:=100'], 'deny'],
    ['a number as text', ['prod.ec2.describe_instances', '--read-only', 'max_items=99'], 'deny'],
  ])('decides with %s', async (_name, argv, effect) => {
    expect(await PolicyExplain.run([...argv, '--config', file], ROOT)).toMatchObject({ effect });
  });

  test('with --json prints what it returns', async () => {
    let printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
    const result = await PolicyExplain.run(['prod.s3.get_object', '--config', file, '--json'], ROOT);
    expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(result)));
  });
});

describe('turret policy test', () => {
  test('counts what passed', async () => {
    expect(await PolicyTest.run(['--config', file], ROOT)).toMatchObject({ passed: 1, failed: 0 });
    expect(process.exitCode).toBeUndefined();
  });
  test('shows what failed, and exits with 1', async () => {
    await put(TEXT.replace('expect: allow', 'expect: ask'));
    expect(await PolicyTest.run(['--config', file], ROOT)).toMatchObject({ passed: 0, failed: 1 });
    expect(lines).toEqual([
      `failed  ${file}:9: prod.s3.get_object: expected ask, got allow by team`,
      '0 passed, 1 failed',
    ]);
    expect(process.exitCode).toBe(1);
  });
});

describe('turret policy show', () => {
  test('is a table with the denies first, and the files it comes from', async () => {
    const config = await PolicyShow.run(['--config', file], ROOT);
    expect(lines[0]).toMatch(/^EFFECT +ACTIONS +WHERE +LIMIT +RULE$/);
    expect(lines[1]).toMatch(/^deny +\*\* +max_items at least 100 +- +few /);
    expect(lines).toContain('everything else is denied');
    expect(lines).toContain(`user file: ${file} sha256:${config.sources[0]?.sha256 ?? ''}`);
    expect(lines.join('\n')).not.toContain('\u001b');
  });
});

describe('a file on the disk', () => {
  test('is read with its permissions, and refused when others can write it', async () => {
    await chmod(file, 0o666);
    expect(await readConfigFile(file)).toMatchObject({ mode: 0o666 });
    expect(await PolicyCheck.run(['--config', file], ROOT)).toMatchObject({
      ok: false,
      problems: [{ message: 'others can write this file' }],
    });
  });
  test('that is none is told apart from one that is a directory', async () => {
    expect(await readConfigFile(join(directory, 'none.yaml'))).toBeUndefined();
    expect(await readConfigFile(join(file, 'below.yaml'))).toBeUndefined();
    await expect(readConfigFile(directory)).rejects.toMatchObject({ code: 'config_unreadable' });
  });
});
