// `uid`: Turret is started as root, the agent runs as another user. Files and memory of everybody else are protected by
// ownership alone; the network and abstract sockets are shared unless Landlock holds them.

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EncloseRequest, type Enclosure, landlockInside, unavailable } from './enclosure.js';
import type { Launcher } from './launcher.js';
import { chooseNetwork, networkWords } from './network.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import { PROBE_MS_MAX } from '../protocol/limits.js';
import { agentFilter } from './seccomp/agent-filter.js';
import { SETPRIV } from './die-with-parent.js';

/** Throws TurretError isolation_unavailable. */
export async function withOtherUser(request: EncloseRequest, launcher: Launcher): Promise<Enclosure> {
  if (process.getuid?.() !== 0) throw unavailable('isolation: uid needs root', 'sudo turret run …');
  if (SETPRIV === undefined) throw unavailable('setpriv is not installed', 'apt-get install util-linux');
  const user = findUser(request.agentUser);
  const network = chooseNetwork(request.net, request.ports, await launcher.landlock());
  if (network.mode === 'none')
    throw unavailable('net: none needs namespaces', 'net: ports, or isolation: strict');
  const landlock = landlockInside(network);
  const filter = landlock === undefined ? undefined : agentFilter(process.arch);
  const prefix = [
    SETPRIV,
    ...[`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--no-new-privs'],
    ...['--bounding-set=-all', '--inh-caps=-all', '--pdeathsig', 'KILL', '--'],
  ];
  const [setpriv = '', ...words] = prefix;
  const options = { cwd: '/', env: {}, timeout: PROBE_MS_MAX };
  if (spawnSync(setpriv, [...words, '/usr/bin/test', '-w', request.cwd], options).status !== 0)
    throw unavailable(`${user.name} may not write the working directory`, `chown -R ${user.name} .`);
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
function ownDirectory(filled: string, { uid, gid }: User): string {
  const directory = mkdtempSync(join(tmpdir(), 'turret-agent-'));
  cpSync(filled, directory, { recursive: true });
  for (const path of [directory, join(directory, 'bin')]) chmodSync(path, 0o755);
  for (const name of readdirSync(join(directory, 'bin'))) chmodSync(join(directory, 'bin', name), 0o755);
  for (const name of ['launcher', 'bash-env']) chmodSync(join(directory, name), 0o755);
  chownSync(join(directory, AGENT_FILES.token), uid, gid);
  return directory;
}

interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

// getent(1) asks what the machine asks: files, LDAP, systemd.
function findUser(name: string | undefined): User {
  if (name === undefined)
    throw unavailable(
      'isolation: uid does not know as whom',
      'agent_user: NAME in turret.yaml, a user of its own',
    );
  let line = '';
  try {
    line = execFileSync('/usr/bin/getent', ['passwd', '--', name], {
      encoding: 'utf8',
      timeout: PROBE_MS_MAX,
    });
  } catch {
    // Nobody of that name.
  }
  const [known = '', , uid = '', gid = '', , home = ''] = line.trim().split(':');
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid))
    throw unavailable(`there is no user ${JSON.stringify(name)}`, `useradd --create-home ${name}`);
  if (uid === '0')
    throw unavailable('agent_user is root', 'a user of its own, that owns nothing but the workspace');
  return { name: known, uid: Number(uid), gid: Number(gid), home: home || '/' };
}
