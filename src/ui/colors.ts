// Colours, where somebody can see them.

import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream that is a terminal, unless NO_COLOR asks for none. */
export function colorsFor(stream: { isTTY?: boolean }, env: { [name: string]: string | undefined }): Colors {
  return pc.createColors(stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb');
}
