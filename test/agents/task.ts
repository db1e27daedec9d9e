// What every agent is made to do: read with both tools, try what it may not, show what it holds.

import { configText } from '../helpers/turret.js';
import type { Upstream } from './agents.js';

export const READS = 'aws s3 ls';
export const LISTS = 'gh pr list --repo acme/app';
export const DENIED = 'aws s3 rb s3://allowed';
export const SHOWS = 'env';
export const COMMANDS = [READS, LISTS, DENIED, SHOWS] as const;
export const END = 'All of it is done.';

/** Of the models' upstreams; it opens nothing but the scripted model of its run. */
export const CANARY_MODEL_KEY = 'sk-canaryMODELcanaryMODELcanaryMODELcanaryMODEL01';

/** The user's turret.yaml: the policy of the corpus, the gateway, and no network, so that no agent goes anywhere. */
export function configFor(upstream: Upstream, urls: { aws: string; gh: string; model: string }): string {
  return configText('p0.yaml', urls)
    .replace('extends: []', `extends: [preset:llm-gateway]\nnet: none\ngateway: [${upstream}]`)
    .replace(
      /^repeaters:$/m,
      `repeaters:\n  http: { upstreams: { ${upstream}: { endpoint: '${urls.model}' } } }`,
    );
}
