// Command lines of gh, made from the table of the installed CLI.

import * as fc from 'fast-check';

import type { GhCommand, GhFlag, GhPositional, GhTable } from '../../../repeaters/gh/types.js';
import { edited, edits } from './aws-argv.js';
import { word } from './text.js';

const TEXT = fc.constantFrom(
  'a', 'x y', 'a=b', '--web', '-R', 'é', '"q"', "it's", '$HOME', '@me', '', 'a,b', 'line\nline', '{owner}',
); // prettier-ignore
const WORD: Record<GhPositional['kind'], fc.Arbitrary<string>> = {
  issue: fc.constantFrom('1', '#22', 'https://github.com/acme/app/issues/3'),
  pull: fc.constantFrom('1', '#22', 'feature/y', 'me:z', 'https://github.com/acme/app/pull/3'),
  gist: fc.constantFrom('abc123', 'https://gist.github.com/me/abc123'),
  file: fc.constantFrom('a.txt', './b/c.txt', '/tmp/d.txt', '-'),
  text: fc.constantFrom('v1.0', 'help wanted', 'ci.yml'),
  word: fc.constantFrom('NAME', 'x-1'),
  number: fc.constantFrom('7', '123456789012'),
  repo: fc.constantFrom('acme/app', 'ACME/Other', 'github.com/acme/app'),
  query: fc.constantFrom('crash', 'label:bug', 'repo:x/y', 'a b'),
};
const BY_NAME: Record<string, fc.Arbitrary<string>> = {
  repo: WORD.repo,
  jq: fc.constantFrom('.', '.[]|.a'),
  template: fc.constantFrom('{{.a}}'),
  header: fc.constant('Accept: application/json'),
  'raw-field': fc.constantFrom('a=b', 'a=@f', 'b[c]=d e', 'query={viewer{login}}'),
  method: fc.constantFrom('GET', 'POST', 'DELETE'),
};

function flagValue(long: string, flag: GhFlag): fc.Arbitrary<string> {
  if (BY_NAME[long] !== undefined) return BY_NAME[long];
  if (flag.type === 'int') return fc.constantFrom('1', '30');
  if (flag.file === 'field') return fc.constantFrom('a=b', 'a=@f.txt', 'a=');
  return flag.file === undefined ? TEXT : WORD.file;
}

function flagWords(long: string, flag: GhFlag, odd: boolean): fc.Arbitrary<string[]> {
  const short = flag.short === undefined ? [] : [`-${flag.short}`];
  if (flag.type === 'bool')
    return fc.constantFrom([`--${long}`], [`--${long}=false`], ...short.map((one) => [one]));
  const plain = flagValue(long, flag);
  const value = odd ? fc.oneof({ arbitrary: plain, weight: 4 }, { arbitrary: word, weight: 1 }) : plain;
  const forms = fc.constantFrom('=', ' ', ...(odd && short.length > 0 ? ['joined', 'short='] : []));
  return fc.tuple(value, forms).map(([text, form]) => {
    if (form === '=' || (form === ' ' && short.length === 0)) return [`--${long}=${text}`];
    if (form === ' ') return [...short, text];
    return [`${short[0]}${form === 'short=' ? '=' : ''}${text}`];
  });
}

/** Words of one subcommand, well-formed, or now and then not. */
export function ghWords(name: string, command: GhCommand, odd = false): fc.Arbitrary<string[]> {
  const flags = Object.entries(command.flags).map(([long, flag]) => flagWords(long, flag, odd));
  const one = (kind: GhPositional['kind']) =>
    odd ? fc.oneof({ arbitrary: WORD[kind], weight: 4 }, { arbitrary: word, weight: 1 }) : WORD[kind];
  const positionals =
    name === 'api'
      ? fc.constantFrom(
          ['user'],
          ['repos/Acme/app/pulls?a=b&c'],
          ['repos/acme/app/contents/.env'],
          ['/repos/acme/app/x/%41'],
          ...(odd ? [['graphql']] : []),
        )
      : fc
          .tuple(
            ...(command.positionals ?? []).map(({ kind, many }) =>
              fc.array(one(kind), { maxLength: many === true ? 3 : 1 }),
            ),
          )
          .map((lists) => lists.flat());
  return fc
    .tuple(
      fc.subarray(flags, { maxLength: Math.min(5, flags.length) }).chain((some) => fc.tuple(...some)),
      positionals,
      fc.boolean(),
    )
    .map(([some, words, first]) =>
      odd && first
        ? [...name.split(' '), ...words, ...some.flat()]
        : [...name.split(' '), ...some.flat(), ...words],
    );
}

/** Any command of the table, refused ones too, with words changed. */
export function ghArgv(table: GhTable): fc.Arbitrary<string[]> {
  const commands = Object.entries(table.commands);
  const usable = commands.filter(([, command]) => command.refuse === undefined);
  const plain = fc.oneof(
    { arbitrary: fc.constantFrom(...usable).chain(([name, command]) => ghWords(name, command, true)), weight: 12 },
    { arbitrary: fc.constantFrom(...commands).chain(([name, command]) => ghWords(name, command, true)), weight: 1 },
    { arbitrary: fc.constantFrom(...Object.keys(table.groups), ...commands.map(([name]) => name)).map((name) => [...name.split(' '), '--help']), weight: 1 },
  ); // prettier-ignore
  return fc.tuple(plain, edits).map(([argv, todo]) => edited(argv, todo));
}
