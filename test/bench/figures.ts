// Every figure: what is compared with what, and what it is to be. The goals are ratios, as absolute times of a shared
// machine mean little.

import { figuresOfCalls } from './calls.js';
import { figuresOfCrowds } from './crowd.js';
import { figuresOfDecisions } from './decisions.js';
import type { Figure } from './figure.js';
import { figuresInProcess } from './in-process.js';
import { figuresOfMemory } from './memory.js';
import { figuresOfRevocation } from './revocation.js';
import { figuresOfStarts } from './starts.js';
import { figuresOfStreams } from './streams.js';

export const FIGURES: readonly Figure[] = [
  ...figuresOfCalls,
  ...figuresOfStarts,
  ...figuresOfDecisions,
  ...figuresOfStreams,
  ...figuresInProcess,
  ...figuresOfMemory,
  ...figuresOfRevocation,
  ...figuresOfCrowds,
];
