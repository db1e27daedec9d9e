// Everything in a log that a person sees was written by an agent or a server, and a terminal obeys what it is shown:
// ESC moves the cursor and fills the clipboard, a right-to-left override turns a denied call into an allowed one.

/** Controls, format characters (bidi, zero width, tags), line separators, private use, lone surrogates, invisible fillers. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|\\(?=u\{)/gu;

/** One line of plain text: dangerous characters as `\u{1b}`; a typed `\u{` gets its backslash escaped, so no two texts look alike. */
export function escapeForeign(text: string): string {
  return text.replaceAll(DANGEROUS, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A word of a command line so that its borders can be seen: quoted when it holds anything but plain characters. */
export function escapeWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${escapeForeign(word).replaceAll("'", String.raw`'\''`)}'`;
}

/** JSON text with the same value and nothing in it that a terminal obeys. */
export function escapeJson(json: string): string {
  return json.replaceAll(
    /[\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u007f-\u009f]/gu,
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}

/** At most `columns` characters, then an ellipsis. Escape first, clip after. */
export function clip(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
