// What `npm run fuzz` runs: everything of `check`, and what takes a real CLI.

import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets.js';

export const LONG_TARGETS: readonly FuzzTarget[] = TARGETS;
