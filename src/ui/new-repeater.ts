// What `turret repeater new` has made, and what to do next.

import type { NewRepeater } from '../setup/new-repeater.js';
import type { Colors } from './colors.js';
import { visible } from './visible.js';

export function newRepeaterLines({ directory, files, missing }: NewRepeater, colors: Colors): string[] {
  return [
    `${visible(directory)}: ${files.join(', ')}`,
    ...missing.map(({ program, from }) =>
      colors.yellow(`${program} is not on your PATH, and this repeater needs it: apt-get install ${from}`),
    ),
    `check it with ${visible(directory)}/test.sh, and read its README.md`,
  ];
}
