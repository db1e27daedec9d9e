// Where a declared tool runs: a private directory for one call, removed when it ends.

import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTreeSoon } from '../../src/platform/remove-tree.js';
import { CLI_PATH } from '../sdk/find-cli.js';

export interface Place {
  root: string;
  /** Working directory: copies of the caller's files. */
  work: string;
  home: string;
  /** Credential files that are named to the tool. */
  given: string;
  /** Everything the tool sees but its credentials; nothing of the agent's or the user's environment. */
  env: Record<string, string>;
  remove(): Promise<void>;
}

export async function makePlace(parent: string): Promise<Place> {
  const root = await mkdtemp(join(parent, 'call-'));
  const at = (name: string): string => join(root, name);
  for (const name of ['work', 'home', 'given', 'tmp']) await mkdir(at(name), { mode: 0o700 });
  return {
    root,
    work: at('work'),
    home: at('home'),
    given: at('given'),
    env: { PATH: CLI_PATH, HOME: at('home'), TMPDIR: at('tmp'), LC_ALL: 'C.UTF-8' },
    remove: () => removeTreeSoon(root),
  };
}
