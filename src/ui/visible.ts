// Text that somebody else wrote, made safe to print: nothing in it moves the cursor, hides or turns other text around.

/** Control, format, private and unpaired characters and line separators as `\u{…}`. */
export function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
