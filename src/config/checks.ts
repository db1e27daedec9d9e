// Checks of single texts in turret.yaml.

import { isPresetName, PRESET_NAMES } from '../policy/presets/presets.js';
import { actionPatternProblem, globPatternProblem, pathPatternProblem } from '../policy/pattern.js';
import {
  BYTES_PATTERN,
  CALLS_PATTERN,
  parseBytes,
  parseCalls,
  parseRate,
  parseTokens,
  parseUsd,
  RATE_PATTERN,
  TOKENS_PATTERN,
  USD_PATTERN,
} from '../policy/limit-text.js';
import { isActionName } from '../policy/decide.js';
import { parseReference, REFERENCE_FORMS } from '../vault/reference.js';
import { nearestHint } from './nearest.js';
import type { Complaint, TextShape } from './shape.js';

/** A text in whose place somebody may have put a secret: it is never printed. */
function sensitive(shape: TextShape): TextShape {
  const { check, what } = shape;
  return {
    ...shape,
    check(text) {
      const complaint = check?.(text);
      return complaint && { ...complaint, message: `this is not ${what}` };
    },
  };
}

/** A text that must match a regular expression; the same expression goes into the schema. */
export function matching(what: string, pattern: string, hint?: string): TextShape {
  const expression = new RegExp(pattern);
  return {
    is: 'text',
    what,
    schema: { pattern },
    check: (text) =>
      expression.test(text)
        ? undefined
        : { message: `${shown(text)} is not ${what}`, ...(hint === undefined ? {} : { hint }) },
  };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function parsed(what: string, pattern: string, parse: (text: string) => unknown, hint: string): TextShape {
  return {
    is: 'text',
    what,
    schema: { pattern },
    check: (text) =>
      parse(text) === undefined ? { message: `${shown(text)} is not ${what}`, hint } : undefined,
  };
}

export const RATE = parsed(
  'a rate',
  RATE_PATTERN,
  parseRate,
  'write 60/m or 60/m burst 20; s, m, h and d are known',
);
export const CALLS = parsed('a number of calls', CALLS_PATTERN, parseCalls, 'write 500/session');
export const BYTES = parsed(
  'an amount of bytes',
  BYTES_PATTERN,
  parseBytes,
  'write 50MB/session; B, KB, MB, GB, KiB, MiB and GiB are known',
);

export const TOKENS = parsed(
  'a number of tokens',
  TOKENS_PATTERN,
  parseTokens,
  'write 200k/session; k and M are known',
);
export const USD = parsed('an amount of US dollars', USD_PATTERN, parseUsd, 'write 2.50/session');

export const ACTION_PATTERN: TextShape = {
  is: 'text',
  what: 'an action pattern',
  schema: { pattern: String.raw`^[a-z0-9_*]+(\.[a-z0-9_*]+)*$` },
  check: actionPatternProblem,
};
export const ACTION_NAME: TextShape = {
  is: 'text',
  what: 'an action',
  schema: { pattern: String.raw`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$` },
  check: (text) =>
    isActionName(text)
      ? undefined
      : { message: `${shown(text)} is not an action`, hint: 'write aws.s3.list_buckets' },
};
export const GLOB: TextShape = { is: 'text', what: 'a glob', check: globPatternProblem };
export const PATH: TextShape = { is: 'text', what: 'a path pattern', check: pathPatternProblem };
export const TEXT: TextShape = { is: 'text', what: 'a text' };
export const NOT_EMPTY: TextShape = matching('a text with something in it', String.raw`\S`);

const NAME = String.raw`^[a-z][a-z0-9_]{0,31}$`;
export const RULE_ID = matching(
  'a rule id',
  String.raw`^[a-z0-9][a-z0-9._-]{0,63}$`,
  'use a-z, 0-9, dots, dashes and underscores',
);
export const KIND = matching('a kind of repeater', NAME);
export const ENV_NAME = sensitive(
  matching('the name of an environment variable', '^[A-Za-z_][A-Za-z0-9_]{0,127}$'),
);
export const ENV_PATTERN = matching(
  'the name of an environment variable',
  String.raw`^[A-Za-z_][A-Za-z0-9_]{0,127}\*?$`,
  'a * can only be at the end',
);
export const REGION = matching('a region', '^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$', 'write us-east-1');
export const HOST = matching(
  'a host name',
  String.raw`^[A-Za-z0-9]([A-Za-z0-9-]{0,62}\.)*[A-Za-z0-9-]{0,62}$`,
  'write github.com, without https:// and without a path',
);
export const PROFILE_NAME = matching('the name of a profile', String.raw`^[A-Za-z0-9_.@/+=:-]{1,128}$`);
export const ACTION_WORDS = matching(
  "an action without the repeater's name",
  String.raw`^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*\*)?$`,
  'write service.restart',
);
const NOT_THE_SECRET = 'never the secret itself';
const REFERENCES = '(vault|env|systemd|file|cmd):.+';
/** Where a secret is, not what it is. */
export const REFERENCE: TextShape = {
  is: 'text',
  what: 'where a secret is',
  schema: { pattern: `^${REFERENCES}$` },
  check: (text) => referenceComplaint(text, `write ${REFERENCE_FORMS}; ${NOT_THE_SECRET}`),
};
const PROFILE = 'profile:[A-Za-z0-9_.@/+=:-]{1,128}';
export const CREDENTIALS: TextShape = {
  is: 'text',
  what: 'a source of credentials',
  schema: { pattern: `^(env|auto|${PROFILE}|${REFERENCES})$` },
  check: (text) =>
    new RegExp(`^(env|auto|${PROFILE})$`).test(text)
      ? undefined
      : referenceComplaint(text, `write env, auto, profile:NAME or ${REFERENCE_FORMS}; ${NOT_THE_SECRET}`),
};

// Not shown: somebody may have put a secret in its place.
function referenceComplaint(text: string, hint: string): Complaint {
  if (parseReference(text) !== undefined) return undefined;
  if (text.startsWith('cmd:'))
    return {
      message: 'this command would need a shell',
      hint: 'there is none: a program and its words, quotes keep words together; anything else goes into a script',
    };
  return { message: 'this does not say where a secret is', hint };
}

export const HOME_PATH = matching(
  'a path below the home directory',
  String.raw`^(?!/)(?!~)(?!(.*/)?\.\.?(/|$))[^\x00-\x1f]{1,1024}$`,
  'write it relative to the home directory, without ~ and without ..',
);

export function repeaterNameComplaint(name: string): Complaint {
  if (new RegExp(NAME).test(name)) return undefined;
  return {
    message: `${shown(name)} cannot be the name of a repeater`,
    hint: 'it is the first word of its actions: a-z, 0-9 and _, a letter first',
  };
}

const ALIAS = '^[a-z][a-z0-9_]{0,31}$';
export const UPSTREAM_ALIAS = matching('the alias of an upstream', ALIAS);
/** @param of what it is the alias of, for the message */
export function aliasComplaint(alias: string, of: string): Complaint {
  if (new RegExp(ALIAS).test(alias)) return undefined;
  return {
    message: `${shown(alias)} cannot be the alias of ${of}`,
    hint: 'it is a word of its actions: a-z, 0-9 and _, a letter first',
  };
}

const UNIX_ID_MAX = 4_294_967_294;

export function unixUserComplaint(user: unknown): Complaint {
  const isNumber = typeof user === 'number' && Number.isInteger(user) && user >= 0 && user <= UNIX_ID_MAX;
  const isName = typeof user === 'string' && /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/.test(user);
  if (user === 0 || user === 'root')
    return { message: 'root is no user of its own', hint: 'useradd --system turret-NAME' };
  return isNumber || isName
    ? undefined
    : { message: 'this is not a Unix user', hint: 'write its name or its number' };
}

export const PRESET: TextShape = {
  is: 'text',
  what: 'a preset',
  schema: { enum: PRESET_NAMES.map((name) => `preset:${name}`) },
  check(text) {
    if (text.startsWith('preset:') && isPresetName(text.slice('preset:'.length))) return undefined;
    const known = PRESET_NAMES.map((name) => `preset:${name}`);
    const hint = nearestHint(text, known);
    return { message: `${shown(text)} is not a preset`, ...(hint === undefined ? {} : { hint }) };
  },
};

/** http(s), a host, maybe a port and a path. No user, no password: a secret does not belong into this file. */
export const ENDPOINT: TextShape = {
  is: 'text',
  what: 'a URL',
  schema: { pattern: '^https?://' },
  check(text) {
    const hint = 'write http://127.0.0.1:4566';
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      return { message: 'this is not an http or https URL', hint };
    if (url.username !== '' || url.password !== '')
      return { message: 'an endpoint must not hold a user or a password', hint: 'use credentials' };
    if (url.search !== '' || url.hash !== '')
      return { message: 'an endpoint must not have a query or a fragment', hint };
    return undefined;
  },
};

export const USER_NAME = matching('the name of a user', '^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$');
