// The sandbox of macOS, as a profile for sandbox-exec(1). UNTESTED: written from the documents of others, never run on a Mac;
// whoever uses it has to say so to the user (SEATBELT_LINE).
//
// Paths never become part of the profile's text: they are parameters, so that no name of a directory can end a string and
// write a rule. Where several rules apply to the same thing the last one wins: first what is taken, then what is given back,
// then what nobody gets.

import { dirname } from 'node:path';

import { refuseHomeAsWorkspace } from './bubblewrap.js';
import type { NetworkMode } from './levels.js';

export interface SeatbeltRequest {
  /** The workspace: read and written. */
  cwd: string;
  home: string;
  /** What of HOME is shown, and what of it may be changed. */
  read: string[];
  write: string[];
  /** For temporary files: /tmp is everybody's here, and cannot be exchanged for another. May lie in what is hidden. */
  temporary: string;
  /** Read only; there is no other place to show it at. */
  agentDirectory: string;
  /** The one Unix socket that may be connected to, besides the system's resolver. */
  agentSocket: string;
  /** Turret's own state: never visible. */
  hidden: string[];
  /** Files that decide what the agent may do: never changed. */
  fixed: string[];
  net: NetworkMode;
  /** TCP ports under `ports`. */
  ports: readonly number[];
}

export const SEATBELT_LINE =
  "isolation seatbelt: untested, nobody has run it on a Mac, take it for none; home, other processes' memory and Unix sockets should be closed, the list of processes is not, and what the agent leaves running goes on";

const DEVICES = ['/dev/null', '/dev/zero', '/dev/tty', '/dev/ptmx', '/dev/dtracehelper'];
const RESOLVER = '/private/var/run/mDNSResponder';
/** The Keychain. An agent that keeps its login there cannot read it; trustd, which Go needs for TLS, stays. */
const KEYCHAIN = ['com.apple.SecurityServer', 'com.apple.securityd', 'com.apple.securityd.xpc'];
/** Ways to have somebody outside act: scripts to other programs, `open`, jobs of launchd, an administrator's right. */
const PROXIES = ['appleevent-send', 'lsopen', 'job-creation', 'authorization-right-obtain'];

/**
 * What comes before the agent's command.
 * @param real the path the kernel sees (`/tmp` is `/private/tmp`); undefined for what is not there
 * @throws TurretError isolation_unavailable when the workspace is, or holds, the home directory
 */
export function seatbeltCommand(
  request: SeatbeltRequest,
  real: (path: string) => string | undefined,
): string[] {
  const there = existing(request, real);
  refuseHomeAsWorkspace(there);
  const names: string[] = [];
  /** `(param "P3")`, for the path that -DP3= says. */
  const param = (path: string): string => {
    const known = names.indexOf(path);
    return `(param "P${known >= 0 ? known : names.push(path) - 1}")`;
  };
  const profile = profileOf(there, param);
  return ['/usr/bin/sandbox-exec', '-p', profile, ...names.map((path, index) => `-DP${index}=${path}`), '--'];
}

type Param = (path: string) => string;

/** The request with real paths, and without those that are not there. */
function existing(request: SeatbeltRequest, real: (path: string) => string | undefined): SeatbeltRequest {
  const all = (paths: string[]): string[] => paths.map(real).filter((path) => path !== undefined);
  const one = (path: string): string => real(path) ?? path;
  const { cwd, home, temporary, agentDirectory, agentSocket, read, write, hidden, fixed } = request;
  return {
    ...request,
    ...{ cwd: one(cwd), home: one(home), temporary: one(temporary) },
    ...{ agentDirectory: one(agentDirectory), agentSocket: one(agentSocket) },
    ...{ read: all(read), write: all(write), hidden: all(hidden), fixed: all(fixed) },
  };
}

function profileOf(request: SeatbeltRequest, param: Param): string {
  return [
    '(version 1)',
    '(allow default)',
    ...processes(),
    ...files(request, param),
    ...network(request, param),
    `(deny mach-lookup ${KEYCHAIN.map((name) => `(global-name "${name}")`).join(' ')})`,
    ...PROXIES.map((operation) => `(deny ${operation})`),
  ].join('\n');
}

// There are no namespaces: the list of processes stays visible. What it says of them does not.
function processes(): string[] {
  return [
    '(deny process-info* (target others))',
    '(deny signal)',
    '(allow signal (target same-sandbox))',
    '(deny mach-priv-task-port)',
    // Arguments and environment of any process of the same user.
    '(deny sysctl-read (sysctl-name "kern.procargs2"))',
  ];
}

function files(request: SeatbeltRequest, param: Param): string[] {
  const { cwd, home, read, write, temporary, agentDirectory, agentSocket, hidden, fixed } = request;
  const subpaths = (paths: string[]): string => paths.map((path) => `(subpath ${param(path)})`).join(' ');
  const literals = (paths: string[]): string => paths.map((path) => `(literal ${param(path)})`).join(' ');
  const writable = [cwd, temporary, ...write];
  const way = [...new Set([home, agentDirectory, ...writable, ...read].flatMap(above))];
  return [
    '(deny file-write*)',
    `(allow file-write* ${subpaths(writable)} ${literals(DEVICES)} (regex #"^/dev/ttys[0-9]+$"))`,
    `(deny file-read* ${subpaths([home])})`,
    `(allow file-read* ${subpaths([...writable, ...read])})`,
    ...(hidden.length === 0 ? [] : [`(deny file-read* file-write* ${subpaths(hidden)})`]),
    `(allow file-read* file-write* ${subpaths([temporary])})`,
    `(allow file-read* ${subpaths([agentDirectory])} ${literals([agentSocket])})`,
    // To resolve a path, every directory on its way has to be one; what is in it is not said.
    `(allow file-read-metadata ${literals(way)})`,
    ...(fixed.length === 0 ? [] : [`(deny file-write* ${subpaths(fixed)})`]),
  ];
}

/** The directories on the way to a path. */
function above(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...above(parent), parent];
}

// docker.sock, ssh-agent and the sockets of the agent's own daemons are all paths; the broker's is the one that stays.
function network({ agentSocket, net, ports }: SeatbeltRequest, param: Param): string[] {
  const socket = (path: string): string => `(remote unix-socket (path-literal ${param(path)}))`;
  const sockets = [agentSocket, ...(net === 'none' ? [] : [RESOLVER])].map(socket).join(' ');
  const closed =
    net === 'none'
      ? ['(deny network*)']
      : net === 'ports'
        ? ['(deny network-outbound (remote ip))', `(allow network-outbound ${ports.map(tcp).join(' ')})`]
        : [];
  // An open port of any machine would be one of this machine's, too.
  const loopback = net === 'ports' ? ['(deny network-outbound (remote ip "localhost:*"))'] : [];
  return [
    ...closed,
    ...loopback,
    '(deny network-outbound (remote unix-socket))',
    `(allow network-outbound ${sockets})`,
  ];
}

function tcp(port: number): string {
  return `(remote tcp "*:${port}")`;
}
