// What the real CLI would take from the agent's environment. It is asked of the shim by name, becomes a param, and is decided on
// like anything the agent typed.

import type { Params } from '../../../src/protocol/messages.js';
import type { AwsContext } from './context.js';
import { OUTPUTS } from './globals.js';
import { checkRegion } from './region.js';
import { quote, refuse } from './refuse.js';

export const FACTS = [
  'env.AWS_REGION',
  'env.AWS_DEFAULT_REGION',
  'env.AWS_PROFILE',
  'env.AWS_DEFAULT_PROFILE',
  'env.AWS_DEFAULT_OUTPUT',
  'env.TZ',
];

export type Facts = Record<string, string>;

function first(facts: Facts, ...names: string[]): string | undefined {
  const found = names.find((name) => Object.hasOwn(facts, name) && facts[name] !== '');
  return found === undefined ? undefined : facts[found];
}

/** Puts region and output into `globals` where the command line has none: environment first, then the operator's defaults. */
export function applyDefaults(globals: Params, facts: Facts, context: AwsContext): void {
  // Each CLI's own order: v2 prefers AWS_REGION, v1 knows AWS_DEFAULT_REGION.
  const names =
    context.tables.major === 2
      ? ['env.AWS_REGION', 'env.AWS_DEFAULT_REGION']
      : ['env.AWS_DEFAULT_REGION', 'env.AWS_REGION'];
  const region = first(facts, ...names);
  if (globals['region'] === undefined && region !== undefined) globals['region'] = checkRegion(region);
  if (globals['region'] === undefined && context.region !== undefined) globals['region'] = context.region;
  const output = first(facts, 'env.AWS_DEFAULT_OUTPUT');
  if (globals['output'] === undefined && output !== undefined) {
    if (!OUTPUTS.includes(output))
      refuse(`AWS_DEFAULT_OUTPUT is ${quote(output)}`, `use one of ${OUTPUTS.join(', ')}`);
    globals['output'] = output;
  }
  if (globals['output'] === undefined && context.output !== undefined) globals['output'] = context.output;
}

/** The profile the call asks for: --profile, else the environment in each CLI's own order. */
export function profileAsked(globals: Params, facts: Facts, context: AwsContext): string | undefined {
  const given = globals['profile'];
  if (typeof given === 'string') return given;
  return context.tables.major === 2
    ? first(facts, 'env.AWS_PROFILE', 'env.AWS_DEFAULT_PROFILE')
    : first(facts, 'env.AWS_DEFAULT_PROFILE', 'env.AWS_PROFILE');
}

/** The name of another repeater that serves this profile; undefined when this one does. Throws when nobody does. */
export function otherRepeater(profile: string, context: AwsContext): string | undefined {
  if (context.profiles.includes(profile)) return undefined;
  if (Object.hasOwn(context.siblings, profile)) return context.siblings[profile]!;
  const named = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/.test(profile);
  return refuse(
    `no repeater serves the profile ${quote(profile)}`,
    named
      ? `ask the operator to add to turret.yaml: repeaters: { NAME: { kind: aws, credentials: "profile:${profile}" } }`
      : 'leave --profile out: the operator has chosen the identity',
  );
}

/** A time zone the C library can take: a name, for which a colon before it changes nothing, or a POSIX rule; never a path (`:/etc/…` would be opened). */
export function timeZone(facts: Facts): string | undefined {
  const zone = first(facts, 'env.TZ')?.replace(/^:/, '');
  if (zone === undefined || !/^[A-Za-z0-9<][A-Za-z0-9_+\-,.:/<>]{0,63}$/.test(zone)) return undefined;
  return zone.includes('..') || zone.includes('//') ? undefined : zone;
}
