// `seatbelt`: macOS. UNTESTED, as its profile is: nobody has run this on a Mac.
//
// There is no namespace, so paths are what they are outside, a killed `turret run` does not take the agent along, and
// nothing tells the broker from which sandbox somebody calls.

import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import { refuseVacant } from './held.js';
import { cachesElsewhere } from './with-landlock.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import type { EncloseRequest, Enclosure } from './enclosure.js';
import { homeAllowed } from './home.js';
import type { Launcher } from './launcher.js';
import { type Network, openPorts } from './network.js';
import { packageTree } from './package-tree.js';
import { SEATBELT_LINE, seatbeltCommand } from './seatbelt.js';

/** Throws TurretError isolation_unavailable. */
export async function withSeatbelt(request: EncloseRequest, launcher: Launcher): Promise<Enclosure> {
  const network = networkOf(request);
  // The profile is held against real paths; the socket is not there yet, its directory is.
  const agentDirectory = realpathSync(request.agentDirectory);
  const agentSocket = join(agentDirectory, AGENT_FILES.socket);
  const home = homeAllowed(request.home, request.homeAllow, request.program);
  const written = [...home.write, ...home.caches.map(({ kept }) => kept)];
  refuseVacant(request, [request.cwd, ...written]);
  const { program } = request;
  const programs = [process.execPath, program, program && packageTree(program)].filter(
    (path) => path !== undefined,
  );
  mkdirSync(request.temporary, { recursive: true, mode: 0o700 });
  const { cwd, temporary, hidden, fixed } = request;
  const prefix = seatbeltCommand(
    {
      ...{ cwd, home: request.home, read: [...home.read, ...programs], write: written, temporary },
      ...{ agentDirectory, agentSocket, hidden, fixed, net: network.mode, ports: network.ports },
    },
    realPath,
  );
  return {
    level: 'seatbelt',
    network,
    agentDirectory,
    agentAddress: { path: agentSocket, removable: false },
    endsTogether: false,
    env: { TMPDIR: temporary, ...cachesElsewhere(request) },
    line: `${SEATBELT_LINE}; ${WORDS[network.mode](network.ports)}`,
    launcher,
    launch: (command, { env, stdio, cwd: directory }) => ({
      command: [...prefix, ...command],
      env,
      stdio,
      ...(directory === undefined ? {} : { cwd: directory }),
      bubblewrap: false,
    }),
    end: () => launcher.end(),
  };
}

function networkOf({ net = 'ports', ports }: EncloseRequest): Network {
  const landlock = { abi: 0, problem: 'this is not Linux' };
  return { mode: net, ports: net === 'ports' ? openPorts(ports) : [], landlock };
}

const WORDS: Record<Network['mode'], (ports: number[]) => string> = {
  open: () => 'the network is open, services of this machine included',
  ports: (ports) => `TCP should be left to port ${ports.join(', ')} of other machines`,
  none: () => 'there should be no network',
};

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Not there.
    return undefined;
  }
}
