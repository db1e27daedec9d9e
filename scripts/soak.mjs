// Eight agents that call without end while somebody is killed every second or two; docs/soak.md is what it saw. Needs a build.
// soak.mjs [--minutes N]
import { runMain } from './bundled.mjs';

await runMain('soak');
