// Entry of the one program that is installed as `aws`, `gh` and every other tool a repeater serves. No options of its own.

import { runShim } from './call.js';

void runShim();
