// `landlock`: for machines without user namespaces. Files, signals, abstract sockets and TCP ports are Landlock's; paths
// of sockets are not (before ABI 9), so no Unix socket can be made at all and the broker is met on loopback.
//
// What stays visible is the list of processes with their command lines; memory and environments do not.

import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';

import { refuseHomeAsWorkspace } from './bubblewrap.js';
import { fixedWithin, refuseVacant } from './held.js';
import { type EncloseRequest, type Enclosure, unavailable } from './enclosure.js';
import { homeAllowed } from './home.js';
import { LANDLOCK_ABI, type LandlockRules } from './landlock.js';
import type { Launcher } from './launcher.js';
import { chooseNetwork, networkWords } from './network.js';
import { packageTree } from './package-tree.js';
import { isWithin, realPlace } from '../platform/paths.js';
import { agentFilter } from './seccomp/agent-filter.js';
import { SETPRIV } from './die-with-parent.js';

const SYSTEM = [
  '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix', '/snap', '/proc', '/sys',
  '/run/systemd/resolve', '/run/resolvconf', '/dev/random', '/dev/urandom',
]; // prettier-ignore
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/tty', '/dev/ptmx', '/dev/pts'];

/** Throws TurretError isolation_unavailable. */
export async function withLandlock(request: EncloseRequest, launcher: Launcher): Promise<Enclosure> {
  refuseHomeAsWorkspace(request);
  const support = await launcher.landlock();
  const filter = agentFilter(process.arch, { unixSockets: 'none', inThread: true });
  if (support.abi < LANDLOCK_ABI.scopes || filter === undefined)
    throw unavailable(
      support.problem ?? 'Landlock is missing or too old (signals can be held since Linux 6.12)',
      'npm install koffi beside turret, on Linux 6.12 or newer (x64, arm64)',
    );
  if (SETPRIV === undefined) throw unavailable('setpriv is not installed', 'apt-get install util-linux');
  if (request.net === 'none')
    throw unavailable('net: none needs namespaces', 'net: ports, or make bubblewrap work');
  const network = chooseNetwork(request.net, request.ports, support);
  const files = filesOf(request);
  const prefix = [SETPRIV, '--bounding-set=-all', '--inh-caps=-all', '--pdeathsig', 'KILL', '--'];
  const rulesWith = (brokerPort: number | undefined): LandlockRules => ({
    files,
    ...(network.mode === 'ports'
      ? { connect: [...network.ports, ...(brokerPort === undefined ? [] : [brokerPort])] }
      : {}),
  });
  return {
    level: 'landlock',
    network,
    agentDirectory: request.agentDirectory,
    agentAddress: 'loopback',
    endsTogether: false,
    env: { TMPDIR: request.temporary, ...cachesElsewhere(request) },
    line: `isolation landlock: home and the memory of other processes are closed, no Unix sockets; their command lines can be seen; ${networkWords(network)}`,
    launcher,
    launch: (command, { env, stdio, cwd, brokerPort }) => ({
      command: [...prefix, ...command],
      env,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
      landlock: rulesWith(brokerPort),
      filter,
      bubblewrap: false,
    }),
    end: () => launcher.end(),
  };
}

// Nothing can be shown in another place here; npm and most others do as these say.
export function cachesElsewhere({ home, homeAllow, program }: EncloseRequest): Record<string, string> {
  const { caches } = homeAllowed(home, homeAllow, program);
  const kept = (name: string): string | undefined =>
    caches.find(({ shown }) => basename(shown) === name)?.kept;
  const [npm, xdg] = [kept('.npm'), kept('.cache')];
  return {
    ...(npm === undefined ? {} : { npm_config_cache: npm }),
    ...(xdg === undefined ? {} : { XDG_CACHE_HOME: xdg }),
  };
}

// Rights are only given here: what lies below something that is given cannot be taken out again.
function filesOf(request: EncloseRequest): { read: string[]; write: string[] } {
  const { cwd, temporary, program } = request;
  const home = homeAllowed(request.home, request.homeAllow, program);
  const write = [cwd, temporary, ...DEVICES, ...home.write, ...home.caches.map(({ kept }) => kept)];
  refuseVacant(request, write);
  const below = [
    ...request.hidden.filter((path) => write.some((open) => isWithin(path, open))),
    ...fixedWithin(request.fixed, write),
  ][0];
  if (below !== undefined)
    throw unavailable(
      `${below} decides over the agent and lies where it may write, which Landlock cannot make an exception of`,
      'move it out of the workspace; Turret itself: npm install --global',
    );
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const programs = [process.execPath, program, program && packageTree(program)].filter(
    (path) => path !== undefined,
  );
  // A home in /opt, or Turret's own state there: the rest of it is closed with them.
  const closed = [request.home, ...request.hidden.map(realPlace)];
  const system = SYSTEM.filter((path) => !closed.some((place) => isWithin(place, path)));
  return { write, read: [...system, ...programs, request.agentDirectory, ...home.read] };
}
