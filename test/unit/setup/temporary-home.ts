// A user's home with files in it, for as long as a test runs.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TemporaryHome {
  readonly path: string;
  write(name: string, text: string, mode?: number): string;
  remove(): void;
}

export function temporaryHome(): TemporaryHome {
  const path = mkdtempSync(join(tmpdir(), 'turret-setup-'));
  return {
    path,
    write(name, text, mode = 0o600) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}
