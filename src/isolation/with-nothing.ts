// `none`: the environment and PATH only.

import { join } from 'node:path';

import { dyingWithParent } from './die-with-parent.js';
import type { EncloseRequest, Enclosure } from './enclosure.js';
import type { Launcher } from './launcher.js';
import { TurretError } from '../errors.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';

/** Throws TurretError isolation_unavailable when the network was to be held. */
export async function withNothing(request: EncloseRequest, launcher: Launcher): Promise<Enclosure> {
  if (request.net === 'ports' || request.net === 'none')
    throw new TurretError('isolation_unavailable', `isolation: none cannot hold net: ${request.net}`, {
      hints: ['net: open, or another isolation'],
    });
  const prefix = dyingWithParent();
  return {
    level: 'none',
    network: { mode: 'open', ports: [], landlock: await launcher.landlock() },
    agentDirectory: request.agentDirectory,
    agentAddress: { path: join(request.agentDirectory, AGENT_FILES.socket), removable: false },
    endsTogether: false,
    env: {},
    line: 'isolation none: the environment is scrubbed, but an agent that tries can read your keys',
    launcher,
    launch: (command, { env, stdio, cwd }) => ({
      command: [...prefix, ...command],
      env,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
      bubblewrap: false,
    }),
    end: () => launcher.end(),
  };
}
