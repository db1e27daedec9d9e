// What a policy is, as data. Plain JSON: the supervisor reads the YAML and hands this over, the broker only compiles it.

import type { ParamScalar } from '../protocol/messages.js';

export type Effect = 'allow' | 'ask' | 'deny';
export const EFFECTS = ['allow', 'ask', 'deny'] as const satisfies readonly Effect[];

/** Where a rule comes from. A project rule can only narrow: the agent can edit the working tree. */
export type Layer = 'builtin' | 'preset' | 'user' | 'project';
export const LAYERS = ['builtin', 'preset', 'user', 'project'] as const satisfies readonly Layer[];

/** Both ends are included; a missing end is open. */
export interface Range {
  min?: number;
  max?: number;
}

/** What one param must look like. Several operators in one condition must all hold; the texts in one list are alternatives. */
export interface Condition {
  eq?: ParamScalar;
  in?: ParamScalar[];
  not_in?: ParamScalar[];
  /** `*` stands for any characters, `/` among them. */
  glob?: string[];
  /** `*` stays within one `/` segment, `**` is any number of segments; values with `..`, `//`, `\` or escapes are invalid. */
  path?: string[];
  prefix?: string[];
  range?: Range;
  exists?: boolean;
  /** Characters of a text, elements of a list. */
  len?: Range;
}
export const OPERATORS = [
  'eq',
  'in',
  'not_in',
  'glob',
  'path',
  'prefix',
  'range',
  'exists',
  'len',
] as const satisfies readonly (keyof Condition)[];

/** Keys of `where` that test what the repeater says about the call instead of a param. `$kind` is text, the others are true or false. */
export const ANNOTATION_KEYS = [
  '$readOnly',
  '$destructive',
  '$idempotent',
  '$openWorld',
  '$egress',
  '$untrustedOutput',
  '$secretOutput',
] as const;
export const KIND_KEY = '$kind';

/** A bucket that refills: `count` per `period_ms` on the long run, `burst` at once. */
export interface Rate {
  count: number;
  period_ms: number;
  burst: number;
}
export interface Limit {
  rate?: Rate;
  /** Calls in one session. */
  calls?: number;
  /** Bytes of output in one session. */
  bytes_out?: number;
  /** Tokens of models in one session, read and written, and what they cost in US dollars. */
  tokens?: number;
  usd?: number;
}

export interface Rule {
  /** Unique in the policy. */
  id: string;
  effect: Effect;
  /** Action patterns; one must match. */
  actions: string[];
  /** Action patterns the rule does not cover after all. */
  except?: string[];
  where: Record<string, Condition>;
  limit?: Limit;
  layer: Layer;
  file?: string;
  line?: number;
}

/** Limits of a whole session. Those of every layer apply, so that the strictest wins. */
export interface SessionLimit extends Limit {
  layer: Layer;
}

export interface Policy {
  rules: Rule[];
  limits: SessionLimit[];
}

/** Enough of a rule to point a person at it. */
export interface RuleReference {
  id: string;
  effect: Effect;
  layer: Layer;
  file?: string;
  line?: number;
}

/** The part of a rule that may be shown and logged. */
export function referenceTo(rule: Rule): RuleReference {
  return {
    id: rule.id,
    effect: rule.effect,
    layer: rule.layer,
    ...(rule.file === undefined ? {} : { file: rule.file }),
    ...(rule.line === undefined ? {} : { line: rule.line }),
  };
}
