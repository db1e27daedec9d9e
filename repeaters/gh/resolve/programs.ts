// jq programs and Go templates that gh runs on its output. gh's own process holds a dummy token only, but `env` would
// still print the paths and sockets of the repeater, so a program that can read it is refused. Read as the languages
// are read, not as text: `.environment` and "env" in a string stay fine, "\(env)" does not.

import { refusal } from './refusal.js';

const JQ_REFUSED: ReadonlySet<string> = new Set([
  'env',
  '$ENV',
  '$__prog_args',
  'input_filename',
  'import',
  'include',
  'modulemeta',
  'get_search_list',
]);

/** @throws TurretError `unresolvable` when the program reads the environment, or other files */
export function checkJq(program: string): void {
  for (const name of jqNames(program)) {
    if (JQ_REFUSED.has(name)) {
      throw refusal(
        `the jq program uses ${name}`,
        'read only what the command returns, for example .[].title',
      );
    }
  }
}

/** Names of functions, variables and keywords in a jq program; not fields and not text. */
function* jqNames(program: string): Generator<string> {
  // What closes the innermost open thing: `"` a string, `)` an interpolation or a group.
  const open: string[] = [];
  for (let i = 0; i < program.length;) {
    const char = program[i] ?? '';
    if (open.at(-1) === '"') {
      if (program.startsWith('\\(', i)) open.push('\\');
      else if (char === '"') open.pop();
      i += char === '\\' ? 2 : 1;
      continue;
    }
    const word = /^\$?\s*[A-Za-z_][A-Za-z0-9_]*/.exec(program.slice(i));
    if (word && !(word[0].startsWith('$') && /^\$\s+$/.test(word[0]))) {
      const field = program[i - 1] === '.' && !/[.0-9]/.test(program[i - 2] ?? '');
      if (!field) yield word[0].replace(/\s+/, '');
      i += word[0].length;
      continue;
    }
    if (char === '#') {
      const end = program.indexOf('\n', i);
      // A comment hides the rest of the line from this reader; a backslash before the line's end is read differently
      // by different versions of jq, so the comment is read as program too.
      if (end < 0 || program[end - 1] !== '\\') {
        i = end < 0 ? program.length : end;
        continue;
      }
    }
    if (char === '"') open.push('"');
    else if (char === '(') open.push(')');
    else if (char === ')') open.pop();
    i += 1;
  }
}

const TEMPLATE_WORDS: ReadonlySet<string> = new Set(
  (
    'if else end range with define template block break continue nil true false ' +
    'and or not len index slice print printf println html js urlquery eq ne lt le gt ge ' +
    'autocolor color join pluck tablerender tablerow timeago timefmt truncate hyperlink contains hasPrefix hasSuffix regexMatch'
  ).split(' '),
);

/** @throws TurretError `unresolvable` when the template calls a function that gh's help does not list */
export function checkTemplate(template: string): void {
  for (const action of template.split('{{').slice(1)) {
    // Strings may hold `}}`; reading on past the action's end only ever refuses more.
    const code = action.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'/g, ' ').split('}}')[0] ?? '';
    if (/^-?\s*\/\*/.test(code)) continue;
    for (const [, before, word = ''] of code.matchAll(/([.$]?)([A-Za-z_][A-Za-z0-9_]*)/g)) {
      if (before === '' && !TEMPLATE_WORDS.has(word)) {
        throw refusal(`the template uses ${word}`, 'use the functions that gh help formatting lists');
      }
    }
  }
}
