import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/policy/compile.js';
import { decide } from '../../../src/policy/decide.js';
import { BUILTIN_RULES, presetRules, PRESET_NAMES } from '../../../src/policy/presets/presets.js';
import type { PresetName } from '../../../src/policy/presets/presets.js';
import type { Annotations, Params } from '../../../src/protocol/messages.js';
import { request } from './samples.js';

const READ = { readOnly: true, destructive: false };

function effect(
  preset: PresetName,
  action: string,
  kind: string,
  annotations: Partial<Annotations> = {},
): string {
  const policy = compile({ rules: [...BUILTIN_RULES, ...presetRules([preset])], limits: [] });
  return decide(policy, request(action, {}, annotations, kind)).effect;
}

describe('aws-readonly', () => {
  test.each([
    'aws.s3.list_buckets',
    'aws.s3.list_objects_v2',
    'aws.s3.head_object',
    'aws.ec2.describe_instances',
    'prod.sts.get_caller_identity',
    'aws.logs.describe_log_groups',
  ])('allows %s', (action) => {
    expect(effect('aws-readonly', action, 'aws', READ)).toBe('allow');
  });
  test.each([
    'aws.s3.get_object',
    'prod.s3.get_object',
    'aws.dynamodb.scan',
    'aws.logs.filter_log_events',
    'aws.ssm.get_parameters_by_path',
    'aws.lambda.get_function',
    'aws.rds_data.execute_statement',
    'aws.cloudformation.describe_stacks',
  ])('leaves %s to a rule that names it', (action) => {
    expect(effect('aws-readonly', action, 'aws', READ)).toBe('deny');
  });
  test('allows neither writes nor credentials nor other tools', () => {
    expect(effect('aws-readonly', 'aws.ec2.terminate_instances', 'aws')).toBe('deny');
    expect(effect('aws-readonly', 'aws.sts.get_session_token', 'aws', { ...READ, secretOutput: true })).toBe(
      'deny',
    );
    expect(effect('aws-readonly', 'gh.pr.list', 'gh', READ)).toBe('deny');
    expect(effect('aws-readonly', 'aws.pr.list', 'gh', READ)).toBe('deny');
  });
});

describe('gh presets', () => {
  test('gh-readonly reads and nothing else', () => {
    expect(effect('gh-readonly', 'gh.pr.list', 'gh', READ)).toBe('allow');
    expect(effect('gh-readonly', 'gh.pr.create', 'gh')).toBe('deny');
    expect(effect('gh-readonly', 'aws.s3.list_buckets', 'aws', READ)).toBe('deny');
  });
  test('gh-contributor opens and comments, asks before a merge, and does not delete', () => {
    expect(effect('gh-contributor', 'gh.pr.list', 'gh', READ)).toBe('allow');
    for (const action of ['gh.pr.create', 'gh.pr.comment', 'gh.issue.create', 'work.issue.comment'])
      expect(effect('gh-contributor', action, 'gh')).toBe('allow');
    expect(effect('gh-contributor', 'gh.pr.merge', 'gh')).toBe('ask');
    expect(effect('gh-contributor', 'gh.issue.delete', 'gh')).toBe('deny');
    expect(effect('gh-contributor', 'db.pr.create', 'db')).toBe('deny');
  });
});

describe('all presets', () => {
  test('http-get reads over http, none grants nothing', () => {
    expect(effect('http-get', 'http.request', 'http', READ)).toBe('allow');
    expect(effect('http-get', 'http.request', 'http')).toBe('deny');
    expect(effect('none', 'http.request', 'http', READ)).toBe('deny');
  });
  test('let a tool say its version, when that needs neither key nor network', () => {
    for (const preset of PRESET_NAMES) {
      expect(effect(preset, 'aws.cli.version', 'aws', { ...READ, openWorld: false })).toBe('allow');
      expect(effect(preset, 'aws.cli.version', 'db', READ)).toBe('deny');
    }
  });
  test('fit together', () => {
    expect(() =>
      compile({ rules: [...BUILTIN_RULES, ...presetRules(PRESET_NAMES)], limits: [] }),
    ).not.toThrow();
  });
});

describe('llm-gateway', () => {
  const allowed = (action: string, params: Params): string => {
    const policy = compile({ rules: presetRules(['llm-gateway']), limits: [] });
    return decide(policy, request(action, params, {}, 'http')).effect;
  };
  const asks = { api: 'openai', model: 'm' };
  test.each([
    ['http.openai.post', { ...asks, path: '/v1/chat/completions' }],
    ['work.openai.post', { ...asks, path: '/v1/responses' }],
    ['http.anthropic.post', { ...asks, path: '/v1/messages' }],
    ['http.anthropic.post', { ...asks, path: '/v1/messages/count_tokens' }],
    ['http.gemini.post', { ...asks, path: '/v1beta/models/g-1:generateContent' }],
    ['http.openai.get', { api: 'openai', path: '/v1/models' }],
  ])('allows %s %j', (action, params) => expect(allowed(action, params)).toBe('allow'));
  test.each([
    ['http.openai.post', { ...asks, path: '/v1/files' }],
    ['http.openai.post', { ...asks, path: '/v1/fine_tuning/jobs' }],
    ['http.openai.post', { api: 'openai', path: '/v1/chat/completions' }],
    ['http.github.post', { path: '/v1/messages', model: 'm' }],
    ['http.openai.delete', { ...asks, path: '/v1/models/m' }],
    ['http.openai.get', { api: 'openai', path: '/v1/organization/api_keys' }],
  ])('does not allow %s %j', (action, params) => expect(allowed(action, params)).toBe('deny'));
});
