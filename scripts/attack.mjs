// Every attack of the corpora through the real path, at every level of isolation there is, and docs/scoreboard.md of it.
// Needs a build. attack.mjs --help
import { bundle, imported } from './bundled.mjs';

// Three programs: this command, the one that runs on the stage, and the agent in the sandbox, which gets one file and no packages.
await Promise.all([
  bundle('attack/main.ts', { out: 'attack.mjs' }),
  bundle('attack/on-stage.ts', { out: 'attack-stage.mjs' }),
  bundle('attack/agent.ts', { out: 'attack-agent.mjs', packages: 'bundle' }),
]);
const { main } = await imported('attack.mjs');
process.exitCode = await main(process.argv.slice(2));
