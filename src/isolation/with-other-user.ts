// `uid`: Turret is started as root, the agent runs as another user. Files and memory of everybody else are protected by
// ownership alone; the network and abstract sockets are shared unless Landlock holds them.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Account, findAccount } from './account.js';
import { fixedWithin, refuseVacant } from './held.js';
import { type EncloseRequest, type Enclosure, landlockInside, unavailable } from './enclosure.js';
import type { Launcher } from './launcher.js';
import { chooseNetwork, networkWords } from './network.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { PROBE_MS_MAX } from '../protocol/limits.js';
import { agentFilter } from './seccomp/agent-filter.js';
import { SETPRIV, asUser } from './die-with-parent.js';

/** Throws TurretError isolation_unavailable. */
export async function withOtherUser(request: EncloseRequest, launcher: Launcher): Promise<Enclosure> {
  if (process.getuid?.() !== 0) throw unavailable('isolation: uid needs root', 'sudo turret run …');
  if (SETPRIV === undefined) throw unavailable('setpriv is not installed', 'apt-get install util-linux');
  const user = agentAccount(request.agentUser);
  const network = chooseNetwork(request.net, request.ports, await launcher.landlock());
  if (network.mode === 'none')
    throw unavailable('net: none needs namespaces', 'net: ports, or isolation: strict');
  const landlock = landlockInside(network);
  const filter = landlock === undefined ? undefined : agentFilter(process.arch, { inThread: true });
  const prefix = asUser(user);
  const [setpriv = '', ...words] = prefix;
  const options = { cwd: '/', env: {}, timeout: PROBE_MS_MAX };
  if (spawnSync(setpriv, [...words, '/usr/bin/test', '-w', request.cwd], options).status !== 0)
    throw unavailable(`${user.name} may not write the working directory`, `chown -R ${user.name} .`);
  refuseVacant(request, [request.cwd]);
  const [own] = fixedWithin(request.fixed, [request.cwd]);
  if (own !== undefined)
    throw unavailable(
      `${own} decides over the agent and lies where ${user.name} may write`,
      'move it out of the workspace; Turret itself: npm install --global',
    );
  const agentDirectory = ownDirectory(request.agentDirectory, user);
  return {
    level: 'uid',
    network,
    agentDirectory,
    agentAddress: {
      path: join(agentDirectory, AGENT_FILES.socket),
      removable: false,
      owner: { uid: user.uid, gid: user.gid },
    },
    endsTogether: false,
    env: { HOME: user.home, USER: user.name, LOGNAME: user.name },
    line: `isolation uid: the agent is ${user.name} and reads what that user may read; processes and other sockets can be seen; ${networkWords(network)}`,
    launcher,
    launch: (command, { env, stdio, cwd }) => ({
      command: [...prefix, ...command],
      env,
      stdio,
      ...(cwd === undefined ? {} : { cwd }),
      ...(landlock === undefined ? {} : { landlock }),
      ...(filter === undefined ? {} : { filter }),
      bubblewrap: false,
    }),
    end: () => {
      launcher.end();
      rmSync(agentDirectory, { recursive: true, force: true });
    },
  };
}

// The session's directory is closed to everybody else. Only the token, and later the socket, are the agent's.
function ownDirectory(filled: string, { uid, gid }: Account): string {
  const directory = mkdtempSync(join(tmpdir(), 'turret-agent-'));
  cpSync(filled, directory, { recursive: true });
  chmodSync(directory, 0o755);
  for (const shims of ['bin', AGENT_FILES.nodeShims].map((name) => join(directory, name))) {
    if (!existsSync(shims)) continue;
    chmodSync(shims, 0o755);
    for (const name of readdirSync(shims)) chmodSync(join(shims, name), 0o755);
  }
  for (const name of [
    'launcher',
    'bash-env',
    AGENT_FILES.gateway,
    AGENT_FILES.withGateway,
    AGENT_FILES.gatewaySettings,
  ])
    if (existsSync(join(directory, name))) chmodSync(join(directory, name), 0o755);
  chownSync(join(directory, AGENT_FILES.token), uid, gid);
  return directory;
}

function agentAccount(name: string | undefined): Account {
  if (name === undefined)
    throw unavailable(
      'isolation: uid does not know as whom',
      'agent_user: NAME in turret.yaml, a user of its own',
    );
  const found = findAccount(name);
  if (found === undefined)
    throw unavailable(`there is no user ${JSON.stringify(name)}`, `useradd --create-home ${name}`);
  if (found.uid === 0)
    throw unavailable('agent_user is root', 'a user of its own, that owns nothing but the workspace');
  return found;
}
