// The other side of scripts/aws-tables.py: `name[:arity type flags][=choice|choice]`, one word per option.

import type { AwsOption, OptionType } from './types.js';

const ARITIES: Record<string, AwsOption['arity']> = {
  f: 'flag',
  F: 'flag',
  m: 'many',
  p: 'pair',
  q: 'maybe',
};
const TYPES: Record<string, OptionType> = {
  n: 'number',
  t: 'timestamp',
  j: 'structure',
  b: 'blob',
  r: 'read',
  w: 'write',
};

/** Options of one operation, in table order. A damaged table is a programming error. */
export function decodeOptions(words: string): AwsOption[] {
  return words === '' ? [] : words.split(' ').map(decodeOption);
}

function decodeOption(word: string): AwsOption {
  const equals = word.indexOf('=');
  const head = equals < 0 ? word : word.slice(0, equals);
  const colon = head.indexOf(':');
  const option: AwsOption = {
    name: colon < 0 ? head : head.slice(0, colon),
    arity: 'one',
    type: 'string',
    negatable: false,
    required: false,
    positional: false,
    literal: false,
  };
  for (const code of colon < 0 ? '' : head.slice(colon + 1)) applyCode(option, code);
  if (equals >= 0) option.choices = word.slice(equals + 1).split('|');
  return option;
}

function applyCode(option: AwsOption, code: string): void {
  const arity = ARITIES[code];
  const type = TYPES[code];
  if (arity !== undefined) {
    option.arity = arity;
    option.negatable = code === 'F';
  } else if (type !== undefined) option.type = type;
  else if (code === '!') option.required = true;
  else if (code === '^') option.positional = true;
  else if (code === 'h') option.literal = true;
  else throw new TypeError(`unknown option code ${JSON.stringify(code)} in the aws tables`);
}
