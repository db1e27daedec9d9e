// What looks like a secret, by its name or by its form. Used to keep variables and settings files from the agent: better one
// too many, the user can name it.

/** Words of a name, exactly; and ends of words, since people write `PGPASSWORD` and `accessToken`. */
const SECRET_WORD =
  /^(?:PWD|PASS|SSHPASS|CREDS?|AUTH|SESSION|PAT|DSN|PRIVATE|KEYS?)$|(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY|COOKIE)S?$/;
const SECRET_PHRASE = /DATABASE_URL|CONNECTION_STRING/i;
const SECRET_VALUE =
  /\b(?:A(?:KIA|SIA)[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}|sk-[0-9A-Za-z_-]{16,}|xox[abprs]-[0-9A-Za-z-]{10,}|glpat-[0-9A-Za-z_-]{16,}|AIza[0-9A-Za-z_-]{30,}|tr[tabr]_[0-9A-Za-z]{40,}|eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}\.)|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b[a-z][a-z0-9+.-]{0,20}:\/\/[^/\s:@]*:[^/\s@]+@/;

/** Whether there is a token, a key or a URL with a password in it, by its form alone. */
export function hasCredentialForm(text: string): boolean {
  return SECRET_VALUE.test(text);
}

/** `export OPENAI_API_KEY=…`, `token = …`; a value that is asked for elsewhere (`$(pass …)`, `$OTHER`) is none. */
const ASSIGNMENT = /\b([A-Za-z_][\w.-]{0,63})["']?\s{0,8}[:=]\s{0,8}["']?([^\s"'$`<>][^\s"'`]{7,})/g;
const HEADER = /\b(?:authorization|x-api-key)\s*[:=]\s*[^\s$]/i;
/** Nobody wrote a longer one by hand, and what is in it cannot be told in good time. */
const LINE_CHARACTERS_MAX = 4_096;

/** Whether a settings file has a credential in it, or might have. */
export function holdsCredential(text: string): boolean {
  return hasCredentialForm(text) || text.split('\n').some(isTelling);
}

function isTelling(line: string): boolean {
  if (line.length > LINE_CHARACTERS_MAX) return true;
  const said = line.trimStart().startsWith('#') ? '' : line;
  return HEADER.test(said) || [...said.matchAll(ASSIGNMENT)].some(isSecret);
}

function isSecret([, name = '', value = '']: RegExpExecArray): boolean {
  return !value.startsWith('/') && secretShape(name, value) !== undefined;
}

/** Why this must not reach the agent, or undefined. */
export function secretShape(name: string, value: string): string | undefined {
  if (SECRET_PHRASE.test(name) || wordsOf(name).some((word) => SECRET_WORD.test(word)))
    return 'its name says that it is a secret';
  if (SECRET_VALUE.test(value)) return 'its value has the form of a credential';
  return undefined;
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toUpperCase()
    .split(/[^A-Z0-9]+/);
}
