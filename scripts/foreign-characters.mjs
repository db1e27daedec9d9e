// Writes shims/native/foreign-characters.h: the characters that src/audit/escape.ts makes visible, as ranges, for the native shim.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOREIGN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const ranges = [];
for (let code = 0; code <= 0x10_ffff; code += 1) {
  if ((code >= 0xd800 && code <= 0xdfff) || !FOREIGN.test(String.fromCodePoint(code))) continue;
  const last = ranges.at(-1);
  if (last?.[1] === code - 1) last[1] = code;
  else ranges.push([code, code]);
}
const hex = (code) => `0x${code.toString(16)}`;
const lines = ranges.map(([first, last]) => `    {${hex(first)}, ${hex(last)}},`);
writeFileSync(
  fileURLToPath(new URL('../shims/native/foreign-characters.h', import.meta.url)),
  `// Made by scripts/foreign-characters.mjs. Controls, format characters, line separators, private use, invisible fillers.
#ifndef TURRET_FOREIGN_CHARACTERS_H
#define TURRET_FOREIGN_CHARACTERS_H

#include <stdint.h>

static const struct {
  uint32_t first, last;
} FOREIGN[] = {
${lines.join('\n')}
};

#endif
`,
);
