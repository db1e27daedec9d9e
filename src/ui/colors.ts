// Colours, where somebody can see them.

import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream that is a terminal, or where FORCE_COLOR asks for them, unless NO_COLOR asks for none. */
export function colorsFor(stream: { isTTY?: boolean }, env: { [name: string]: string | undefined }): Colors {
  const { NO_COLOR: no = '', FORCE_COLOR: force = '', TERM: terminal } = env;
  const seen = stream.isTTY === true && terminal !== 'dumb' && force !== '0';
  return pc.createColors(no === '' && (seen || !['', '0'].includes(force)));
}
