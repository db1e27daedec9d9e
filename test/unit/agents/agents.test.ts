import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { type GatewayForAgent, KNOWN_AGENTS, knownAgent } from '../../../src/agents/agents.js';
import { secretShape } from '../../../src/platform/secret-shape.js';

const URL = 'http://127.0.0.1:4711';
const gateway = (...aliases: string[]): GatewayForAgent => ({
  urls: Object.fromEntries(aliases.map((alias) => [alias, `${URL}/${alias}`])),
  bearer: 'trb_word',
  directory: '/run/turret',
  env: {},
  words: [],
});
const told = (command: string, more: Partial<GatewayForAgent>, ...aliases: string[]) =>
  knownAgent(`/usr/local/bin/${command}`)?.tell?.({ ...gateway(...aliases), ...more });

describe('the table', () => {
  test('has each name once', () => {
    const names = KNOWN_AGENTS.flatMap(({ commands }) => commands);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(knownAgent(`/opt/some where/${name}`)?.commands).toContain(name);
  });

  test('knows a program by its own name only', () => {
    for (const program of ['/usr/bin/bash', '/home/ada/claude/run', '/usr/bin/claude-code', '', undefined])
      expect(knownAgent(program)).toBeUndefined();
  });

  test('gives nobody a directory in which others keep their keys', () => {
    for (const path of KNOWN_AGENTS.flatMap(({ home, read = [] }) => [...home, ...read]))
      expect(path).not.toMatch(
        /^$|^\/|\.\.|^(?:\.config|\.local(?:\/share|\/state)?|\.aws|\.ssh|\.config\/gh)$/,
      );
  });

  test('is told to people as it is', () => {
    const rows = readFileSync('docs/agents.md', 'utf8').split('\n');
    for (const { commands, home, read = [], variables } of KNOWN_AGENTS) {
      for (const command of commands) {
        const row = rows.filter((line) => line.startsWith(`| \`${command}\` |`)).join('\n');
        for (const name of [...home, ...read, ...variables]) expect(row).toContain(`\`${name}\``);
      }
    }
  });

  test('passes no variable that could be a secret', () => {
    for (const name of KNOWN_AGENTS.flatMap(({ variables }) => variables))
      expect([name, secretShape(name, 'some-model')]).toEqual([name, undefined]);
  });
});

describe('what an agent is told of the gateway', () => {
  test('claude: another variable for the word of the session, or its own login', () => {
    expect(told('claude', {}, 'anthropic', 'openai')).toEqual({
      env: { ANTHROPIC_AUTH_TOKEN: 'trb_word' },
      without: ['ANTHROPIC_API_KEY'],
    });
    expect(told('claude', {}, 'openai')).toEqual({});
  });

  test('codex: a provider of its own, before the words of its user', () => {
    expect(told('codex', {}, 'openai')).toEqual({
      args: [
        ...['-c', 'model_provider="turret"', '-c'],
        'model_providers.turret={ name = "Turret", base_url = "http://127.0.0.1:4711/openai/v1", env_key = "OPENAI_API_KEY", wire_api = "responses" }',
      ],
    });
    expect(told('codex', {}, 'anthropic')).toEqual({});
  });

  test('opencode: the addresses of what the gateway serves, and of nothing else', () => {
    const { env = {} } = told('opencode', {}, 'openai', 'gemini') ?? {};
    expect(JSON.parse(env['OPENCODE_CONFIG_CONTENT'] ?? '')).toEqual({
      provider: {
        openai: { options: { baseURL: `${URL}/openai/v1` } },
        google: { options: { baseURL: `${URL}/gemini/v1beta` } },
      },
    });
  });

  test('pi: an extension, but for the commands that it wants to hear first', () => {
    const args = ['--extension', '/run/turret/pi-gateway.mjs'];
    expect(told('pi', { words: ['-p', 'install it'] }, 'openai')).toEqual({ args });
    expect(told('pi', { words: ['install', 'a-package'] }, 'openai')).toEqual({});
    expect(knownAgent('pi')?.files).toHaveProperty(['pi-gateway.mjs']);
  });

  test('copilot: a model of its own, when its user names one', () => {
    expect(told('copilot', {}, 'openai')).toEqual({});
    const env = { COPILOT_MODEL: 'some-model' };
    expect(told('copilot', { env })).toEqual({});
    expect(told('copilot', { env }, 'anthropic')).toMatchObject({
      env: { COPILOT_PROVIDER_TYPE: 'anthropic', COPILOT_PROVIDER_BASE_URL: `${URL}/anthropic` },
    });
    expect(told('copilot', { env }, 'anthropic', 'openai')).toEqual({
      env: {
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_BASE_URL: `${URL}/openai/v1`,
        COPILOT_PROVIDER_API_KEY: 'trb_word',
        COPILOT_OFFLINE: 'true',
      },
    });
  });
});
