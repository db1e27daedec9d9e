// What every agent is made to do: read with both tools, try what it may not, show what it holds.

import { configText } from '../helpers/turret.js';

export const READS = 'aws s3 ls';
export const LISTS = 'gh pr list --repo acme/app';
export const DENIED = 'aws s3 rb s3://allowed';
export const SHOWS = 'env';
export const COMMANDS = [READS, LISTS, DENIED, SHOWS] as const;
export const END = 'All of it is done.';

/** Of all models; it opens nothing but the scripted one. */
export const CANARY_MODEL_KEY = 'sk-canaryMODELcanaryMODELcanaryMODELcanaryMODEL01';

/** Upstreams, and the variable in which a user keeps the key of each. */
const UPSTREAMS = { anthropic: 'ANTHROPIC_API_KEY', openai: 'OPENAI_API_KEY', gemini: 'GEMINI_API_KEY' };

export const modelKeys = (): Record<string, string> =>
  Object.fromEntries(Object.values(UPSTREAMS).map((name) => [name, CANARY_MODEL_KEY]));

/**
 * The user's turret.yaml: the policy of the corpus, a gateway for every kind of model, and no network, so that no agent
 * goes anywhere.
 */
export function configFor(urls: { aws: string; gh: string; model: string }): string {
  const aliases = Object.keys(UPSTREAMS);
  const upstreams = aliases.map((alias) => `${alias}: { endpoint: '${urls.model}' }`).join(', ');
  return configText('p0.yaml', urls)
    .replace('extends: []', `extends: [preset:llm-gateway]\nnet: none\ngateway: [${aliases.join(', ')}]`)
    .replace(/^repeaters:$/m, `repeaters:\n  http: { upstreams: { ${upstreams} } }`);
}
