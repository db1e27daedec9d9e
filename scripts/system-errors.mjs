// Writes shims/native/system-errors.h: what Node calls the errors of the system and says of them, for the native shim. The C library's own
// words differ, between C libraries too.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';

/** Past these are numbers that libuv made up. */
const ERRNO_MAX = 4_000;
/** File systems give them, and Node has no name for them. */
const FURTHER = [
  ['EDQUOT', 'disk quota exceeded'],
  ['ESTALE', 'stale file handle'],
];

const known = [...getSystemErrorMap()].filter(
  ([number, [name]]) => -number < ERRNO_MAX && !name.startsWith('EAI_'),
);
const lines = [...known.map(([, words]) => words), ...FURTHER]
  .toSorted(([one], [two]) => (one < two ? -1 : 1))
  .map(([name, words]) => `    {${name}, {"${name}", "${words}"}},`);
writeFileSync(
  fileURLToPath(new URL('../shims/native/system-errors.h', import.meta.url)),
  `// Made by scripts/system-errors.mjs. What Node calls the errors of the system, and says of them.
#ifndef TURRET_SYSTEM_ERRORS_H
#define TURRET_SYSTEM_ERRORS_H

#include <errno.h>

#include "problem.h"

static const struct {
  int number;
  struct system_error error;
} SYSTEM_ERRORS[] = {
${lines.join('\n')}
};

#endif
`,
);
