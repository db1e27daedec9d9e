// The part of turret.yaml that a project file may have too: rules, limits, tests.

import { RULE_CONDITIONS_MAX, RULES_MAX } from '../protocol/limits.js';
import { ANNOTATION_KEYS, EFFECTS, KIND_KEY } from '../policy/rule.js';
import {
  ACTION_NAME,
  ACTION_PATTERN,
  BYTES,
  CALLS,
  GLOB,
  KIND,
  PATH,
  RATE,
  RULE_ID,
  TEXT,
  TOKENS,
  USD,
} from './checks.js';
import { nearestHint } from './nearest.js';
import type { Field, FieldsShape, ListShape, Shape, TableShape } from './shape.js';
import type { MapNode } from './yaml.js';

const VALUES_MAX = 10_000;

function oneOrMore(of: Shape): Shape {
  return { is: 'either', scalar: of, list: { is: 'list', of, min: 1, max: VALUES_MAX } };
}
function listOf(of: Shape): ListShape {
  return { is: 'list', of, min: 1, max: VALUES_MAX };
}

function range(integer: boolean): FieldsShape {
  const end: Shape = integer ? { is: 'number', integer, minimum: 0 } : { is: 'number', integer };
  return {
    is: 'fields',
    fields: {
      min: { shape: end, about: 'The smallest value that holds.' },
      max: { shape: end, about: 'The largest value that holds.' },
    },
    check: (node) =>
      node.entries.size === 0 ? [{ line: node.line, column: node.column, message: 'give min or max' }] : [],
  };
}

const CONDITION: FieldsShape = {
  is: 'fields',
  fields: {
    eq: { shape: { is: 'scalar' }, about: 'Exactly this.' },
    in: { shape: listOf({ is: 'scalar' }), about: 'One of these.' },
    not_in: { shape: listOf({ is: 'scalar' }), about: 'None of these.' },
    glob: { shape: oneOrMore(GLOB), about: '* stands for any characters, "/" among them.' },
    path: { shape: oneOrMore(PATH), about: '* stays within one "/" segment, ** is any number of segments.' },
    prefix: { shape: oneOrMore(TEXT), about: 'Starts with this.' },
    range: { shape: range(false), about: 'A number between these, both included.' },
    exists: { shape: { is: 'flag' }, about: 'The param is given, or is not.' },
    len: { shape: range(true), about: 'Characters of a text, elements of a list.' },
  },
  check(node) {
    if (node.entries.size === 0)
      return [{ line: node.line, column: node.column, message: 'the condition is empty' }];
    const exists = node.entries.get('exists')?.value;
    if (exists?.is !== 'scalar' || exists.value !== false || node.entries.size === 1) return [];
    return [
      {
        line: exists.line,
        column: exists.column,
        message: 'exists: false leaves nothing for the other operators to look at',
      },
    ];
  },
};

const LIST_INSTEAD: Shape = {
  is: 'any',
  check: () => ({
    message: 'a condition is one value or a map of operators',
    hint: 'for several values write { in: [a, b] }',
  }),
};

const WHERE_KEYS = [...ANNOTATION_KEYS, KIND_KEY];
const FLAG_CONDITION: Shape = { is: 'flag' };

const WHERE: TableShape = {
  is: 'table',
  max: RULE_CONDITIONS_MAX,
  of: { is: 'either', scalar: { is: 'scalar' }, list: LIST_INSTEAD, map: CONDITION },
  known: {
    ...Object.fromEntries(ANNOTATION_KEYS.map((key) => [key, FLAG_CONDITION])),
    [KIND_KEY]: {
      is: 'either',
      scalar: KIND,
      list: LIST_INSTEAD,
      map: {
        is: 'fields',
        fields: { in: { shape: listOf(KIND), about: 'One of these kinds.', required: true } },
      },
    },
  },
  checkKey(key) {
    if (!key.startsWith('$')) return undefined;
    const hint = nearestHint(key, WHERE_KEYS);
    return { message: `unknown key ${JSON.stringify(key)}`, ...(hint === undefined ? {} : { hint }) };
  },
};

export const LIMIT: FieldsShape = {
  is: 'fields',
  fields: {
    rate: { shape: RATE, about: 'How fast: `60/m burst 20`.' },
    calls: { shape: CALLS, about: 'How often in one session: `500/session`.' },
    bytes_out: { shape: BYTES, about: 'How much output in one session: `50MB/session`.' },
    tokens: { shape: TOKENS, about: 'How many tokens of models in one session: `200k/session`.' },
    usd: { shape: USD, about: 'How much they may cost in one session, by `prices`: `2.50/session`.' },
  },
};

const PATTERNS = oneOrMore(ACTION_PATTERN);

const RULE: FieldsShape = {
  is: 'fields',
  fields: {
    id: { shape: RULE_ID, about: 'Name of the rule in decisions and in the audit log.' },
    allow: { shape: PATTERNS, about: 'Action patterns that are allowed.' },
    ask: { shape: PATTERNS, about: 'Action patterns that a person is asked about.' },
    deny: { shape: PATTERNS, about: 'Action patterns that are denied, whatever else allows them.' },
    except: { shape: PATTERNS, about: 'Action patterns the rule does not cover after all.' },
    where: {
      shape: WHERE,
      about: 'Conditions on params, and on what the repeater says ($readOnly, $kind …). All must hold.',
    },
    limit: { shape: LIMIT, about: 'Limits for what this rule grants.' },
  },
  check: ruleComplaints,
};

function ruleComplaints(node: MapNode): ReturnType<NonNullable<FieldsShape['check']>> {
  const effects = EFFECTS.filter((effect) => node.entries.has(effect));
  const { line, column } = node;
  if (effects.length === 0) return [{ line, column, message: 'a rule needs one of allow, ask, deny' }];
  if (effects.length > 1)
    return [
      {
        line,
        column,
        message: `a rule has only one of allow, ask, deny; this has ${effects.join(' and ')}`,
        hint: 'write two rules',
      },
    ];
  const limit = node.entries.get('limit');
  return limit && effects[0] === 'deny'
    ? [{ ...limit.key, message: 'a deny rule grants nothing that could be limited' }]
    : [];
}

const TEST: FieldsShape = {
  is: 'fields',
  fields: {
    call: { shape: ACTION_NAME, about: 'The action.', required: true },
    params: {
      shape: {
        is: 'table',
        max: 256,
        of: {
          is: 'either',
          scalar: { is: 'scalar' },
          list: { is: 'list', of: { is: 'scalar' }, min: 0, max: VALUES_MAX },
        },
      },
      about: 'Its params.',
    },
    kind: { shape: KIND, about: 'Kind of the repeater; that of the configured repeater when left out.' },
    annotations: {
      shape: {
        is: 'fields',
        fields: Object.fromEntries(
          ANNOTATION_KEYS.map((key): [string, Field] => [
            key.slice(1),
            { shape: { is: 'flag' }, about: `As ${key}.` },
          ]),
        ),
      },
      about: 'What the repeater says about the action; the cautious value when left out.',
    },
    expect: { shape: { is: 'word', words: EFFECTS }, about: 'The decision this must be.', required: true },
    by: { shape: RULE_ID, about: 'The rule that must decide.' },
  },
};

export const VERSION: Shape = { is: 'number', integer: true, minimum: 1, maximum: 1 };

/** What both files may have. */
export const SHARED_FIELDS: Record<string, Field> = {
  version: { shape: VERSION, about: 'Version of this format: 1.', required: true },
  limits: { shape: LIMIT, about: 'Limits of the whole session.' },
  rules: {
    shape: { is: 'list', of: RULE, min: 0, max: RULES_MAX },
    about: 'deny > ask > allow > denied. Order does not matter.',
  },
  tests: {
    shape: { is: 'list', of: TEST, min: 0, max: VALUES_MAX },
    about: 'Decisions that `turret policy test` checks.',
  },
};
