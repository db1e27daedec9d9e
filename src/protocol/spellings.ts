// The ways a secret comes out of a program without anybody meaning it: as it is, or as the program's format writes it.
// One list for all who look for secrets: repeaters (to take them out), the audit log, conformance and the tests.

/** A shorter "secret" would take every second word with it. */
export const SECRET_BYTES_MIN = 8;

/**
 * Every spelling of the secret, each at least SECRET_BYTES_MIN bytes: itself, base64 at its three alignments in both alphabets,
 * hex, escaped for URLs, JSON and HTML by the habits of common libraries, UTF-16, turned round. White space around it is no part of it. Empty
 * for a secret that is too short. What a base64 text shares with its neighbours (at most one character at each end) is left out.
 */
export function spellings(secret: string): Buffer[] {
  const text = secret.trim().toWellFormed();
  const bytes = Buffer.from(text);
  if (bytes.length < SECRET_BYTES_MIN) return [];
  const base64 = [0, 1, 2].flatMap((before) => alignedBase64(bytes, before));
  const hex = bytes.toString('hex');
  const found = new Set([
    // The one that no program writes by accident, and every query language has a word for.
    Array.from(text).reverse().join(''),
    ...[
      text,
      hex,
      hex.toUpperCase(),
      ...urlForms(text),
      ...jsonForms(text),
      ...jsonForms(json(text)),
      ...htmlForms(text),
    ],
    ...base64.flatMap(base64Forms),
  ]);
  return [...[...found].map((form) => Buffer.from(form)), Buffer.from(text, 'utf16le')];
}

/** In the middle of other bytes, and at the end of all. */
function alignedBase64(bytes: Buffer, before: number): string[] {
  const inside = Buffer.concat([Buffer.alloc(before), bytes]);
  const own = [Math.ceil((before * 8) / 6), Math.floor((inside.length * 8) / 6)] as const;
  return (['base64', 'base64url'] as const).flatMap((alphabet) => {
    const text = inside.toString(alphabet).replace(/=+$/, '');
    return [text.slice(...own), text.slice(own[0])];
  });
}

/** As it is, in a URL, in JSON of libraries that escape the slash. */
function base64Forms(text: string): string[] {
  const url = encodeURIComponent(text);
  return [
    text,
    url,
    url.replaceAll('%2F', '%2f').replaceAll('%2B', '%2b'),
    text.replaceAll('/', String.raw`\/`),
  ];
}

/** What a library leaves as it is: encodeURIComponent, RFC 3986, forms, paths, whole URLs, nothing. */
const URL_PLAIN = [/[\w.~!*'()-]/, /[\w.~-]/, /[\w.*-]/, /[\w.~/-]/, /[\w.~!*'();/?:@&=+$,#-]/, /(?!)/];

function urlForms(text: string): string[] {
  return URL_PLAIN.flatMap((plain) => {
    const upper = escapeBytes(text, plain, (code) => code.toString(16).toUpperCase());
    const lower = escapeBytes(text, plain, (code) => code.toString(16));
    return [upper, lower, upper.replaceAll('%20', '+'), lower.replaceAll('%20', '+')];
  });
}

function escapeBytes(text: string, plain: RegExp, digits: (code: number) => string): string {
  return Array.from(Buffer.from(text), (code) => {
    const character = String.fromCharCode(code);
    return code < 0x80 && plain.test(character) ? character : `%${digits(code).padStart(2, '0')}`;
  }).join('');
}

/** What a library writes as \uXXXX although it need not: nothing, what HTML minds, what is not ASCII, both, everything. */
const JSON_ESCAPED = [/(?!)/, /[<>&\u2028\u2029]/, /[^\0-\x7f]/, /[<>&'=+`\x7f]|[^\0-\x7f]/, /[^]/];

function jsonForms(text: string): string[] {
  return JSON_ESCAPED.flatMap((escaped) => {
    const forms = [(code: string) => code, (code: string) => code.toUpperCase()].map((digits) =>
      Array.from({ length: text.length }, (_, at) => {
        const unit = text.charAt(at);
        return escaped.test(unit)
          ? `\\u${digits(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`
          : /[^\0-\x7f]/.test(unit)
            ? unit
            : json(unit);
      }).join(''),
    );
    return [...forms, ...forms.map((form) => form.replaceAll('/', String.raw`\/`))];
  });
}

/** What a library writes in HTML besides `&amp;`, `&lt;` and `&gt;`: nothing, Python's, PHP's, Django's, Go's, Mustache's. */
const HTML_ESCAPED: readonly Readonly<Record<string, string>>[] = [
  {},
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&quot;', "'": '&#039;' },
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&#34;', "'": '&#39;', '+': '&#43;' },
  { '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' },
];

function htmlForms(text: string): string[] {
  return HTML_ESCAPED.map((own) => {
    const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', ...own };
    return text.replaceAll(/[^\w]/g, (character) => escapes[character] ?? character);
  });
}

/** The inside of a JSON text. */
function json(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
