// Times Turret against what it stands beside. Needs a build.
// bench.mjs [NAME…] [--rounds N] [--publish]
import { runMain } from './bundled.mjs';

await runMain('bench');
