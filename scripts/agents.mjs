// Real agents under `turret run` with a scripted model. Needs a build, and the agents: scripts/install-agents.mjs.
// agents.mjs [name…]
import { runMain } from './bundled.mjs';

await runMain('agents');
