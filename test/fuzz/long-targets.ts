// What `npm run fuzz` runs: everything of `check`, and what takes a real CLI.

import { DIFFERENTIAL_AWS } from './differential/aws.js';
import { DIFFERENTIAL_GH } from './differential/gh.js';
import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets.js';

export const LONG_TARGETS: readonly FuzzTarget[] = [...TARGETS, ...DIFFERENTIAL_AWS, ...DIFFERENTIAL_GH];
