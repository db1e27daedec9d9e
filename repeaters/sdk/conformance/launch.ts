// How a repeater of one's own is started: itself when it speaks TRT/1, through the host when it does not.

import { installed } from '../../../src/installation.js';
import type { JsonObject } from '../../../src/protocol/messages.js';

export interface Program {
  profile: 'exec' | 'line' | 'binary' | 'cli';
  command: readonly string[];
  /** Absolute: relative names in `command` start there. */
  directory: string;
  version?: string;
  tools?: readonly string[];
  actions?: readonly object[];
}

const HOST = installed('dist/repeaters/host/main.js');
const DECLARED = installed('dist/repeaters/declared/main.js');

export interface Launch {
  command: string[];
  /** Where it is started. */
  directory: string;
  config: JsonObject;
}

/** The command to start and the `config` to hand it on fd 4. `built`: the main files of repeaters/host and /declared. */
export function launchOf(program: Program, built = { host: HOST, declared: DECLARED }): Launch {
  const { profile, directory } = program;
  const [first = '', ...words] = program.command;
  if (profile === 'binary') {
    // As a shell would: a name with a slash is a path, any other is looked up.
    const path = first.includes('/') && !first.startsWith('/') ? `${directory}/${first}` : first;
    return { command: [path, ...words], directory, config: {} };
  }
  return {
    command: [process.execPath, profile === 'cli' ? built.declared : built.host],
    directory,
    config: JSON.parse(JSON.stringify(program)) as JsonObject,
  };
}
