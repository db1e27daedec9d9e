// Kills every process at every moment and breaks what can break, in real sessions; docs/faults.md is what it saw. Needs a build.
// faults.mjs [--write] [part of a name …]
import { runMain } from './bundled.mjs';

await runMain('faults');
