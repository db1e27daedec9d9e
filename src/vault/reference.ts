// Where a secret is, in words that are none themselves. References before copies: a password manager, a file of the
// machine's or a variable can stay the only place a secret is in.

export type Reference =
  | { kind: 'env'; name: string }
  | { kind: 'vault'; name: string }
  | { kind: 'systemd'; name: string }
  | { kind: 'file'; path: string }
  | { kind: 'cmd'; words: string[] };

/** For messages. */
export const REFERENCE_FORMS = 'vault:NAME, env:NAME, file:PATH, systemd:NAME or cmd:PROGRAM WORDS';
const VAULT = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const CREDENTIAL = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const PATH = /^(?!~(?!\/.))[^\s\x00-\x1f](?:[^\x00-\x1f]{0,1022}[^\s\x00-\x1f])?$/;
/** What a shell would act on. There is none, and whoever writes it expects one. */
const SHELL = /[|&;<>$`\\(){}*?]/;

/** Undefined for a text that is none; it may be the secret itself, so it is not to be shown. */
export function parseReference(text: string): Reference | undefined {
  const [, kind, rest = ''] = /^(env|vault|systemd|file|cmd):(.*)$/s.exec(text) ?? [];
  switch (kind) {
    case 'env':
      return VARIABLE.test(rest) ? { kind, name: rest } : undefined;
    case 'vault':
      return VAULT.test(rest) ? { kind, name: rest } : undefined;
    case 'systemd':
      return CREDENTIAL.test(rest) ? { kind, name: rest } : undefined;
    case 'file':
      return PATH.test(rest) ? { kind, path: rest } : undefined;
    case 'cmd': {
      const words = wordsOf(rest);
      return words === undefined ? undefined : { kind, words };
    }
    default:
      return undefined;
  }
}

/** As a message names it: a command by its program only. */
export function shownReference(reference: Reference): string {
  if (reference.kind === 'cmd') return `cmd:${reference.words[0] ?? ''}`;
  return `${reference.kind}:${reference.kind === 'file' ? reference.path : reference.name}`;
}

/** Split at blanks; quotes keep words together, and mean nothing else. Undefined for an open quote and for anything a shell would be needed for. */
function wordsOf(text: string): string[] | undefined {
  if (/[\n\r]/.test(text)) return undefined;
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const [whole, parts = ''] = /^((?:[^\s'"]|'[^']*'|"[^"]*")+)(?:\s+|$)/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    let word = '';
    for (const [, single, double, bare] of parts.matchAll(/'([^']*)'|"([^"]*)"|([^'"]+)/g)) {
      if (SHELL.test(bare ?? '') || /[$`\\]/.test(double ?? '')) return undefined;
      word += single ?? double ?? bare ?? '';
    }
    words.push(word);
    rest = rest.slice(whole.length);
  }
  return words.length === 0 || words[0] === '' ? undefined : words;
}
