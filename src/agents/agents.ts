// The agents Turret knows, one row each: what of HOME is theirs, which variables they read, and what they have to be told
// to find the gateway. Found by running them (test/agents); docs/agents.md says the same for people.

import { basename } from 'node:path';

/** Base URLs of a session's gateway, of those aliases that it serves. Without a slash at the end. */
export interface GatewayUrls {
  anthropic?: string;
  openai?: string;
  gemini?: string;
}
export interface GatewayForAgent {
  urls: GatewayUrls;
  bearer: string;
  /** Where its `files` are, as it sees them. */
  directory: string;
  /** The agent's environment so far. */
  env: Readonly<Record<string, string>>;
  /** What its user wrote after its name. */
  words: readonly string[];
}
/** What an agent needs besides the gateway's variables. */
export interface Told {
  env?: Record<string, string>;
  /** Before the user's own, so that the user's win. */
  args?: string[];
  /** Of the gateway's variables, those that it must not have. */
  without?: string[];
}

export interface KnownAgent {
  /** Names of its program. */
  commands: readonly string[];
  /** Paths below HOME that it writes: settings, login, history. */
  home: readonly string[];
  /** Those of them that are files, with what is in them when they are new. */
  homeFiles?: Readonly<Record<string, string>>;
  /** Paths below HOME that it only reads. */
  read?: readonly string[];
  /** Variables it reads that hold no secret. */
  variables: readonly string[];
  /** Variables in which its user may keep its own key. */
  keys: readonly string[];
  /** Files it is given, by name. */
  files?: Readonly<Record<string, string>>;
  tell?: (gateway: GatewayForAgent) => Told;
}

/** In its own programming interface: it reads base URLs neither from the environment nor, with variables, from a file. */
const PI_EXTENSION = `export default (pi) => {
  const { ANTHROPIC_BASE_URL, OPENAI_BASE_URL, GOOGLE_GEMINI_BASE_URL } = process.env;
  if (ANTHROPIC_BASE_URL) pi.registerProvider('anthropic', { baseUrl: ANTHROPIC_BASE_URL });
  if (OPENAI_BASE_URL) pi.registerProvider('openai', { baseUrl: OPENAI_BASE_URL });
  if (GOOGLE_GEMINI_BASE_URL) pi.registerProvider('google', { baseUrl: GOOGLE_GEMINI_BASE_URL + '/v1beta' });
};
`;

/** They have to come first, and ask no model. */
const PI_COMMANDS = new Set(['config', 'install', 'list', 'remove', 'uninstall', 'update']);

export const KNOWN_AGENTS: readonly KnownAgent[] = [
  {
    commands: ['claude'],
    home: ['.claude', '.claude.json'],
    homeFiles: { '.claude.json': '{}\n' },
    read: ['.local/share/claude'],
    variables: ['ANTHROPIC_MODEL', 'ANTHROPIC_SMALL_FAST_MODEL'],
    keys: ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'],
    // It asks about every new value of ANTHROPIC_API_KEY, and each session has one.
    tell: ({ urls, bearer }) =>
      urls.anthropic === undefined
        ? {}
        : { env: { ANTHROPIC_AUTH_TOKEN: bearer }, without: ['ANTHROPIC_API_KEY'] },
  },
  {
    commands: ['codex'],
    home: ['.codex'],
    variables: [],
    keys: ['OPENAI_API_KEY'],
    tell: ({ urls }) => (urls.openai === undefined ? {} : { args: codexProvider(`${urls.openai}/v1`) }),
  },
  {
    commands: ['opencode'],
    home: ['.config/opencode', '.local/share/opencode', '.local/state/opencode'],
    variables: [],
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
    tell: ({ urls }) => ({
      env: { OPENCODE_CONFIG_CONTENT: JSON.stringify({ provider: providersOf(urls) }) },
    }),
  },
  {
    commands: ['gemini'],
    home: ['.gemini'],
    variables: ['GEMINI_MODEL'],
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  },
  {
    commands: ['pi'],
    home: ['.pi'],
    variables: [],
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY'],
    files: { 'pi-gateway.mjs': PI_EXTENSION },
    tell: ({ directory, words }) =>
      PI_COMMANDS.has(words[0] ?? '') ? {} : { args: ['--extension', `${directory}/pi-gateway.mjs`] },
  },
  {
    commands: ['qwen'],
    home: ['.qwen'],
    variables: ['OPENAI_MODEL'],
    keys: ['OPENAI_API_KEY'],
  },
  {
    commands: ['copilot'],
    home: ['.copilot'],
    variables: ['COPILOT_MODEL', 'COPILOT_PROVIDER_WIRE_API'],
    keys: ['COPILOT_PROVIDER_API_KEY'],
    // With a model of one's own it asks somebody else than GitHub.
    tell: ({ urls, bearer, env }) =>
      env['COPILOT_MODEL'] === undefined ? {} : copilotProvider(urls, bearer),
  },
  {
    commands: ['cn'],
    home: ['.continue'],
    variables: [],
    keys: ['OPENAI_API_KEY'],
  },
];

/** Undefined for a program nobody knows, and for a shell from which any of them may be started. */
export function knownAgent(program: string | undefined): KnownAgent | undefined {
  if (program === undefined) return undefined;
  return KNOWN_AGENTS.find(({ commands }) => commands.includes(basename(program)));
}

function codexProvider(url: string): string[] {
  const provider = `{ name = "Turret", base_url = ${JSON.stringify(url)}, env_key = "OPENAI_API_KEY", wire_api = "responses" }`;
  return ['-c', 'model_provider="turret"', '-c', `model_providers.turret=${provider}`];
}

function providersOf({ anthropic, openai, gemini }: GatewayUrls): Record<string, object> {
  const at = (baseURL: string): object => ({ options: { baseURL } });
  return {
    ...(anthropic === undefined ? {} : { anthropic: at(`${anthropic}/v1`) }),
    ...(openai === undefined ? {} : { openai: at(`${openai}/v1`) }),
    ...(gemini === undefined ? {} : { google: at(`${gemini}/v1beta`) }),
  };
}

function copilotProvider({ openai, anthropic }: GatewayUrls, bearer: string): Told {
  const base = openai === undefined ? anthropic : `${openai}/v1`;
  if (base === undefined) return {};
  return {
    env: {
      COPILOT_PROVIDER_TYPE: openai === undefined ? 'anthropic' : 'openai',
      COPILOT_PROVIDER_BASE_URL: base,
      COPILOT_PROVIDER_API_KEY: bearer,
      COPILOT_OFFLINE: 'true',
    },
  };
}
