import type { Writable } from 'node:stream';

/** Resolves when the stream takes bytes again, or never will. Never rejects: whoever writes next finds out. */
export function drained(to: Writable): Promise<void> {
  if (to.destroyed || !to.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      to.off('drain', settle);
      to.off('close', settle);
      resolve();
    };
    to.on('drain', settle);
    to.on('close', settle);
  });
}
