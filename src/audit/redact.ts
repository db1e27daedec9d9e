// Takes secrets out of what is about to be recorded. What comes in was chosen by the agent; a secret it typed must not
// reach the disk, and a text it typed must not make us slow. Every pattern below is either of bounded length, or
// unbounded only at its end (then whatever it scanned is consumed), or can start only where a run of its characters
// starts: time is linear in the text.

import { sha256 } from '../crypto/hash.js';

const RUN = String.raw`[A-Za-z0-9_-]`;
const START = String.raw`(?<![A-Za-z0-9_-])`;
const WORD_START = String.raw`(?<![A-Za-z0-9])`;

/** `[aA][bB]`: a pattern part for any spelling, since flags cannot be set for a part. */
function anyCase(words: string): string {
  return words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
const NAMES = anyCase('pass(?:word|wort|wd|phrase)|secret|token|api[_-]?key|access[_-]?key');

/** Kind of secret and how it looks. Earlier ones win where two start at the same place. */
const PATTERNS: readonly (readonly [kind: string, source: string])[] = [
  ['header', String.raw`${anyCase('authorization')}["']?[ \t]{0,16}[:=][ \t]{0,16}(?<header>[^\s][^\r\n]*)`],
  [
    'pem',
    String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----${RUN}*|[\s\S]*)`,
  ],
  ['aws-key-id', String.raw`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}${RUN}*`],
  ['github', String.raw`(?:gh[pousr]_[A-Za-z0-9]{20}|github_pat_[A-Za-z0-9_]{20})${RUN}*`],
  ['turret', String.raw`tr[tabr]_[0-9A-Za-z]{40}${RUN}*`],
  ['slack', String.raw`${WORD_START}xox[a-z]-[A-Za-z0-9-]{10}${RUN}*`],
  ['api-key', String.raw`${WORD_START}sk-[A-Za-z0-9_-]{16}${RUN}*`],
  ['jwt', String.raw`${START}eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?${RUN}*`],
  [
    'aws-query',
    String.raw`${anyCase('x-amz-(?:signature|security-token|credential)(?:=|%3d)')}(?<query>[^&\s"'#‹›]+)`,
  ],
  ['userinfo', String.raw`:\/\/[^\s\/@:‹›]{0,256}:(?<userinfo>[^\s\/@‹›]{1,256})(?=@)`],
  [
    'named',
    String.raw`(?:${NAMES})[A-Za-z_-]{0,24}(?:["']?:[ \t]{1,4}["']?|["']:["']?|=["']?)(?<named>[^\s"'&,;‹›]{6,})`,
  ],
];
/** What redaction itself writes. Passed over, so that redacting twice changes nothing. */
const MARKER = String.raw`‹redacted:[a-z-]{1,16}:sha256:[0-9a-f]{4}›`;
const COMBINED = new RegExp(
  [
    `(?<marker>${MARKER})`,
    ...PATTERNS.map(([kind, source]) => `(?<${kind.replaceAll('-', '_')}_>${source})`),
  ].join('|'),
  'gu',
);
/** Every pattern above needs one of these, and most texts have none: one cheap look instead of eleven. */
const TRIGGER =
  /authorization|-----BEGIN|A[KSBC][IC]A|gh[pousr]_|github_pat_|tr[tabr]_|xox|sk-|eyJ|x-amz-|:\/\/|pass|secret|token|api[_-]?key|access[_-]?key/i;
const ONLY_MARKER = new RegExp(`^${MARKER}$`, 'u');
/** Groups that hold the secret where the pattern also matches its context. */
const INNER = ['header', 'query', 'userinfo', 'named'] as const;

const SECRET_NAME =
  /(?:^|[-_])(?:password|passwd|passphrase|secret|secret[-_](?:string|binary|key|access[-_]key|value)|token|private[-_]key|api[-_]key|auth[-_]token|credential)$/;
const SECRET_WORD = /pass|secret|token|key|credential/i;
/** Names that end like a secret and are none: pages and idempotency. */
const HARMLESS_NAME = /(?:starting|next|continuation|page|client|client[-_]request|idempotency)[-_]token$/;
export interface Redaction {
  text: string;
  /** How many secrets were taken out. */
  count: number;
}

/** `‹redacted:kind:sha256:ab12›`: equal secrets look equal, and sixteen bits do not give one back. */
export function markerOf(kind: string, secret: string): string {
  return `‹redacted:${kind}:sha256:${sha256(Buffer.from(secret)).toString('hex', 0, 2)}›`;
}

function replaceMatches(
  text: string,
  pattern: RegExp,
  replace: (match: string, groups: Record<string, string | undefined>) => string,
): string {
  let done = 0;
  let out = '';
  for (const found of text.matchAll(pattern)) {
    out += text.slice(done, found.index) + replace(found[0], found.groups ?? {});
    done = found.index + found[0].length;
  }
  return out + text.slice(done);
}

/** Takes out everything that looks like a secret. Linear time, idempotent. */
export function redactText(text: string): Redaction {
  if (!TRIGGER.test(text)) return { text, count: 0 };
  let count = 0;
  const redacted = replaceMatches(text, COMBINED, (match, groups) => {
    const kind =
      PATTERNS.find(([name]) => groups[`${name.replaceAll('-', '_')}_`] !== undefined)?.[0] ?? 'secret';
    const inner = INNER.map((name) => groups[name]).find((value) => value !== undefined);
    const secret = inner ?? match;
    // What was taken out before, alone or as the whole value of a name.
    if (ONLY_MARKER.test(secret)) return match;
    count += 1;
    return match.slice(0, match.length - secret.length) + markerOf(kind, secret);
  });
  return { text: redacted, count };
}

/** Whether a param or option of this name carries a secret by its meaning (`--master-user-password`, `secret_string`). */
export function isSecretName(name: string): boolean {
  if (!SECRET_WORD.test(name)) return false;
  const lower = name.replace(/^-+/, '').toLowerCase();
  return SECRET_NAME.test(lower) && !HARMLESS_NAME.test(lower);
}
