// What is said before the agent gets the terminal.

import type { Config } from '../config/config.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { visible } from '../ui/visible.js';
import { say } from '../ui/voice.js';
import type { AgentEnvironment } from './environment.js';

/** `isServers`: the rules are a server's, and none here apply. */
export function announce(
  config: Config,
  { withheld }: AgentEnvironment,
  { line, isServers = false }: Pick<Enclosure, 'line'> & { isServers?: boolean },
): void {
  say(visible(line));
  if (config.sources.length === 0 && !isServers) {
    say(`no turret.yaml: the presets ${config.presets.join(' and ')} apply (turret init writes one)`);
  }
  if (withheld.length > 0) say(`not passed, their values look like secrets: ${withheld.join(', ')}`);
}
