// Upstreams that everybody has, so that naming them is enough; and what programs look for in their environment.

import type { LlmApi } from '../llm/ask.js';

interface UpstreamPreset {
  host: string;
  base?: string;
  auth: string;
  secret: string;
  api?: LlmApi;
  /** Variables that programs read; `{url}` and `{bearer}` are the gateway's. */
  env: Record<string, string>;
}

export const UPSTREAM_PRESETS: Record<string, UpstreamPreset> = {
  anthropic: {
    host: 'api.anthropic.com',
    auth: 'header:x-api-key',
    secret: 'env:ANTHROPIC_API_KEY',
    api: 'anthropic',
    env: { ANTHROPIC_BASE_URL: '{url}', ANTHROPIC_API_KEY: '{bearer}' },
  },
  openai: {
    host: 'api.openai.com',
    auth: 'bearer',
    secret: 'env:OPENAI_API_KEY',
    api: 'openai',
    env: { OPENAI_BASE_URL: '{url}/v1', OPENAI_API_KEY: '{bearer}' },
  },
  gemini: {
    host: 'generativelanguage.googleapis.com',
    auth: 'header:x-goog-api-key',
    secret: 'env:GEMINI_API_KEY',
    api: 'gemini',
    env: { GOOGLE_GEMINI_BASE_URL: '{url}', GEMINI_API_KEY: '{bearer}' },
  },
  github: {
    host: 'api.github.com',
    auth: 'bearer',
    secret: 'env:GITHUB_TOKEN',
    env: { GITHUB_API_URL: '{url}', GITHUB_TOKEN: '{bearer}' },
  },
  stripe: {
    host: 'api.stripe.com',
    auth: 'bearer',
    secret: 'env:STRIPE_API_KEY',
    env: { STRIPE_BASE_URL: '{url}', STRIPE_API_KEY: '{bearer}' },
  },
};

/** What the gateway's clients find for an alias: those of its preset, else `ALIAS_BASE_URL` and `ALIAS_API_KEY`. */
export function gatewayVariables(alias: string): Record<string, string> {
  const known = Object.hasOwn(UPSTREAM_PRESETS, alias) ? UPSTREAM_PRESETS[alias]?.env : undefined;
  const name = alias.toUpperCase();
  return known ?? { [`${name}_BASE_URL`]: '{url}', [`${name}_API_KEY`]: '{bearer}' };
}
