// The shape of a manifest of profile `cli`: a tool described without code. What one place alone can say is here, what
// places say together in declared-problems.ts.

import { ENV_NAME, NOT_EMPTY, TEXT } from './checks.js';
import { declaredProblems } from './declared-problems.js';
import { VALUE_TYPES } from './declared.js';
import type { Complaint, Field, FieldsShape, ListShape, Shape, TextShape } from './shape.js';

const OPTIONS_MAX = 512;
const WORDS_MAX = 1_024;
const POSITIONS_MAX = 16;
const ACTIONS_MAX = 1_000;

function written(what: string, pattern: string, hint: string): TextShape {
  const expression = new RegExp(pattern);
  return {
    is: 'text',
    what,
    schema: { pattern },
    check: (text): Complaint =>
      expression.test(text)
        ? undefined
        : { message: `${JSON.stringify(text.slice(0, 60))} is not ${what}`, hint },
  };
}

const OPTION_PATTERN = '^-{1,2}[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
const OPTION = written('an option', OPTION_PATTERN, 'write it as the tool does: --namespace or -n');
const PARAM = written('the name of a param', '^[a-z][a-z0-9_]{0,63}$', 'use a-z, 0-9 and _');
const WORD_PATTERN = '[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}';
const WORDS = written(
  'subcommand words',
  `^${WORD_PATTERN}( ${WORD_PATTERN}){0,7}$`,
  'write get, or top pods',
);
const VALUE = written(
  'a word',
  String.raw`^[^-@\s][^\s]{0,255}$`,
  'no spaces, and no - or @ at its beginning',
);
const BETWEEN = written('a separator', '^[,:;+|]$', 'write one of , : ; + |');
const HOST_PORT = written(
  'a host and a port',
  String.raw`^([A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}(=([A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})?$`,
  'write kube.example.com:6443, or kube.example.com:6443=10.0.0.5:6443 when it is reached there',
);
const FILE_NAME = written(
  'the name of a file',
  String.raw`^(?!.*\.\.)[A-Za-z0-9._][A-Za-z0-9._/-]{0,200}$`,
  'write it relative to the home directory, for example .npmrc',
);

const words = (of: Shape): ListShape => ({ is: 'list', of, min: 1, max: WORDS_MAX });
const number = (minimum?: number): Shape => ({
  is: 'number',
  integer: true,
  ...(minimum === undefined ? {} : { minimum }),
});
const FLAG: Shape = { is: 'flag' };

const VALUE_FIELDS: Record<string, Field> = {
  type: { shape: { is: 'word', words: VALUE_TYPES }, about: 'What may stand there.', required: true },
  values: {
    shape: { is: 'either', list: words(VALUE), map: { is: 'table', of: words(VALUE), max: WORDS_MAX } },
    about: 'For enum: its words; or for each word the other ways to write it.',
  },
  prefixes: { shape: words(VALUE), about: 'For enum: a word may begin with one of these and go on as text.' },
  chars: { shape: NOT_EMPTY, about: 'For text: the characters it may have, a-z being a range.' },
  min: { shape: number(), about: 'For int: the smallest; 0 when left out.' },
  max: { shape: number(), about: 'For int: the largest.' },
  max_length: { shape: number(1), about: 'Bytes a value may have.' },
  list: { shape: BETWEEN, about: 'Several values in one word, with this between them.' },
  many: { shape: FLAG, about: 'The option may be repeated; the position takes every word that is left.' },
  file: {
    shape: { is: 'word', words: ['read', 'write'] },
    about: 'For path: the file is carried to the tool, or back; read when left out.',
  },
  unbounded: {
    shape: { is: 'word', words: ['absent', 'always'] },
    about:
      'absent: without it the command touches every value there is; always: what is given does not bound it.',
  },
};

const OPTION_RULE: FieldsShape = {
  is: 'fields',
  fields: {
    ...VALUE_FIELDS,
    also: { shape: words(OPTION), about: 'Other spellings, for example -n.' },
    param: { shape: PARAM, about: "Name in params; the option's own when left out." },
    default: { shape: { is: 'scalar' }, about: 'Given in words when the agent gives none.' },
    widens: {
      shape: PARAM,
      about: 'Param whose every value is touched, and which must not be given, with this.',
    },
  },
};

const OPTIONS: Shape = {
  is: 'table',
  of: OPTION_RULE,
  max: OPTIONS_MAX,
  checkKey: (key) => OPTION.check?.(key),
};

const POSITION_RULE: FieldsShape = {
  is: 'fields',
  fields: {
    param: { shape: PARAM, about: 'Name in params.', required: true },
    ...VALUE_FIELDS,
    required: { shape: FLAG, about: 'It has to be there.' },
    joined: { shape: PARAM, about: 'VALUE/NAME in one word is this and the position of that param.' },
  },
};

const CREDENTIAL: FieldsShape = {
  is: 'fields',
  fields: {
    secret: { shape: ENV_NAME, about: 'One of secrets.' },
    file: { shape: NOT_EMPTY, about: "A file of yours: absolute, ~/…, or from the manifest's directory." },
    env: { shape: ENV_NAME, about: 'Variable of the tool that holds the value.' },
    path_env: { shape: ENV_NAME, about: 'Variable of the tool that names a private file with it.' },
    path_option: { shape: OPTION, about: 'Option of the tool that names a private file with it.' },
    home_file: { shape: FILE_NAME, about: "File with it below the tool's HOME." },
  },
};

/** What turret.yaml may say instead of the manifest: where the credential is and which hosts there are differ. */
export const PLACE_FIELDS: Record<string, Field> = {
  give: {
    shape: { is: 'list', of: CREDENTIAL, min: 1, max: POSITIONS_MAX },
    about: 'What a declared tool is given for the time of a call, and where.',
  },
  network: {
    shape: {
      is: 'either',
      scalar: { is: 'word', words: ['open', 'credentials'] },
      list: { is: 'list', of: HOST_PORT, min: 1, max: POSITIONS_MAX },
    },
    about: 'Of a declared tool: open, the hosts its credential files name, or HOST:PORT; none when left out.',
  },
};

const DECLARED_ACTION_FIELDS: Record<string, Field> = {
  words: { shape: words(WORDS), about: 'Subcommand words; of several spellings the first one runs.' },
  options: { shape: OPTIONS, about: 'Options of this action.' },
  positions: {
    shape: { is: 'list', of: POSITION_RULE, min: 1, max: POSITIONS_MAX },
    about: 'Words that are no options, in their order.',
  },
};

/** @param action fields that every action may have @param shared fields that every manifest may have */
export function declaredManifest(action: Record<string, Field>, shared: Record<string, Field>): FieldsShape {
  const actions: FieldsShape = { is: 'fields', fields: { ...action, ...DECLARED_ACTION_FIELDS } };
  return {
    is: 'fields',
    fields: {
      ...shared,
      value_form: {
        shape: { is: 'word', words: ['equals', 'next'] },
        about: 'How the tool gets values: --option=value, or two words.',
      },
      separator: { shape: FLAG, about: 'It takes -- as the end of its options.' },
      options: { shape: OPTIONS, about: 'Options of every action.' },
      ...PLACE_FIELDS,
      env: {
        shape: { is: 'table', of: TEXT, max: OPTIONS_MAX, checkKey: (key) => ENV_NAME.check?.(key) },
        about: 'Variables that are always set.',
      },
      never: {
        shape: { is: 'table', of: NOT_EMPTY, max: OPTIONS_MAX },
        about: 'Words and options that stay refused, and why.',
      },
      own_exits: {
        shape: {
          is: 'list',
          of: { is: 'number', integer: true, minimum: 129, maximum: 255 },
          min: 1,
          max: POSITIONS_MAX,
        },
        about: 'Exit codes above 128 that the tool ends with by itself.',
      },
      actions: {
        shape: { is: 'list', of: actions, min: 1, max: ACTIONS_MAX },
        about: 'What the tool may do. Everything else is refused.',
        required: true,
      },
    },
    check: declaredProblems,
  };
}
