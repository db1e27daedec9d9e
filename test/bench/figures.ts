// Every figure: what is compared with what, and what it is to be. The goals are ratios, as absolute times of a shared
// machine mean little.

import { figuresOfCalls } from './calls.js';
import type { Figure } from './figure.js';
import { figuresInProcess } from './in-process.js';
import { figuresOfStarts } from './starts.js';

export const FIGURES: readonly Figure[] = [...figuresOfCalls, ...figuresOfStarts, ...figuresInProcess];
