// Files that exist in memory only.

import type { LoadOptions, ReadFile } from '../../../src/config/load.js';
import { parseConfigFile } from '../../../src/config/parse.js';
import type { ParsedConfigFile } from '../../../src/config/parse.js';

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function parse(text: string, layer: 'user' | 'project' = 'user'): ParsedConfigFile {
  return parseConfigFile(bytes(text), 'turret.yaml', layer);
}

/** Problems as `line:column message (hint)`. */
export function problemsOf(text: string, layer: 'user' | 'project' = 'user'): string[] {
  return parse(text, layer).problems.map(
    ({ line, column, message, hint }) =>
      `${line ?? '-'}:${column ?? '-'} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

export type FakeFile = string | (Partial<ReadFile> & { text: string });

/** Options of a load in which only these files exist; uid 1000 in /home/ann, working in /work. */
export function disk(files: Record<string, FakeFile>, more: Partial<LoadOptions> = {}): LoadOptions {
  return {
    cwd: '/project',
    env: { HOME: '/home/ann' },
    uid: 1_000,
    readFile(path) {
      const file = files[path];
      if (file === undefined) return Promise.resolve(undefined);
      const { text, ...status } = typeof file === 'string' ? { text: file } : file;
      return Promise.resolve({ mode: 0o600, uid: 1_000, ...status, bytes: bytes(text) });
    },
    ...more,
  };
}
