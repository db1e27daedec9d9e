// `namespaced` and `strict`: bubblewrap's namespaces and mounts, a system call filter, and Landlock for what those two
// cannot hold, abstract sockets and ports.

import { statSync } from 'node:fs';
import { relative } from 'node:path';

import { boundSockets } from './bound-sockets.js';
import { AGENT_DIRECTORY_INSIDE, bubblewrapCommand } from './bubblewrap.js';
import { fixedWithin } from './held.js';
import { type EncloseRequest, type Enclosure, landlockInside, unavailable } from './enclosure.js';
import type { Launcher } from './launcher.js';
import { namedCredentials } from './named-credentials.js';
import { chooseNetwork, networkWords } from './network.js';
import { findBubblewrap } from './probe.js';
import { agentFilter } from './seccomp/agent-filter.js';

/** Throws TurretError isolation_unavailable. */
export async function withBubblewrap(
  request: EncloseRequest,
  launcher: Launcher,
  strict: boolean,
): Promise<Enclosure> {
  const bubblewrap = findBubblewrap();
  if (bubblewrap === undefined)
    throw unavailable(
      'bubblewrap is not installed',
      "apt-get install bubblewrap (or your distribution's package)",
    );
  const filter = agentFilter(process.arch);
  if (filter === undefined)
    throw unavailable(`no system call filter is known for ${process.arch}`, 'use an x64 or arm64 machine');
  const network = chooseNetwork(strict ? 'none' : request.net, request.ports, await launcher.landlock());
  const prefix = bubblewrapCommand(bubblewrap, {
    ...request,
    ...{ strict, network: network.mode !== 'none' },
    masked: [...namedCredentials(process.env), ...request.secrets, ...boundSockets()],
  });
  const landlock = landlockInside(network);
  const level = strict ? 'strict' : 'namespaced';
  return {
    level,
    network,
    agentDirectory: AGENT_DIRECTORY_INSIDE,
    agentAddress: { path: request.agentSocket, removable: true },
    endsTogether: true,
    env: {},
    line: `isolation ${level}: home, other processes and other sockets are hidden; ${networkWords(network)}${closedWords(request)}`,
    launcher,
    launch: (command, { env, stdio, cwd }) => ({
      command: [...prefix, ...command],
      env,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
      ...(landlock === undefined ? {} : { landlock }),
      filter,
      bubblewrap: true,
    }),
    end: () => launcher.end(),
  };
}

/** Of what the user expects the agent to write, and it cannot. */
function closedWords({ cwd, fixed }: EncloseRequest): string {
  const closed = fixedWithin(fixed, [cwd]).filter((path) => statSync(path).isDirectory());
  if (closed.length === 0) return '';
  const names = closed.map((path) => relative(cwd, path)).join(', ');
  return `; read-only, because the next session runs what is in it: ${names}`;
}
