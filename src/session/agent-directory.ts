// What the agent is given of Turret: the socket, the token, and one shim under the name of every tool.

import { chmodSync, copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { installed } from '../installation.js';
import type { Level } from '../isolation/levels.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import type { RuntimeDirectory } from '../platform/runtime-directory.js';
import type { ShimProgram } from './shim-program.js';

const SHIM = installed('dist/shim.cjs');

/**
 * Writes token and shims. The Node shim gets the absolute path of this node, because the agent's PATH may lead to another or
 * to none. A native one hands on to it what is rare. The token lies beside it because agents strip variables called *TOKEN*.
 */
export function fillAgentDirectory(
  { agent }: RuntimeDirectory,
  { token, tools, shim: { native } }: { token: string; tools: string[]; shim: ShimProgram },
): void {
  writeFileSync(join(agent, AGENT_FILES.token), token, { mode: 0o400 });
  const node = withInterpreter(readFileSync(SHIM, 'utf8'));
  const link = (launcher: string, directory: string): void => {
    for (const tool of [...tools, 'turret']) linkSync(launcher, join(directory, tool));
  };
  const launcher = join(agent, 'launcher');
  if (native === undefined) {
    writeFileSync(launcher, node, { mode: 0o755 });
  } else {
    copyFileSync(native, launcher);
    chmodSync(launcher, 0o755);
    const reference = join(agent, AGENT_FILES.nodeShims);
    mkdirSync(reference, { mode: 0o700 });
    writeFileSync(join(reference, 'launcher'), node, { mode: 0o755 });
    link(join(reference, 'launcher'), reference);
  }
  link(launcher, join(agent, 'bin'));
  // Read by bash after the profile of a login shell has reset PATH.
  writeFileSync(join(agent, 'bash-env'), 'PATH="${BASH_SOURCE[0]%/*}/bin:$PATH"\n', { mode: 0o644 });
}

/** Where the agent is shown this very directory, and may connect to any socket in it. */
const SHARED: readonly Level[] = ['strict', 'namespaced', 'none'];

/** Where repeaters make sockets that this session's agent finds; none where it would not. */
export function streamsOf({ agent }: RuntimeDirectory, level: Level): { streams?: string } {
  return SHARED.includes(level) ? { streams: join(agent, AGENT_FILES.streams) } : {};
}

// The agent's NODE_OPTIONS are not for the shim, and Node 20 reads a file of certificates at every start (2.5 times the
// start) and complains on stderr when the sandbox hides it.
const NOT_FOR_THE_SHIM = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_PATH'];

/** A bundled program, run by this node whatever the agent's PATH leads to. */
export function withInterpreter(code: string): string {
  const without = NOT_FOR_THE_SHIM.map((name) => `-u ${name}`).join(' ');
  const interpreter = `/usr/bin/env -S ${without} "${process.execPath.replaceAll(/["$\\]/g, '\\$&')}"`;
  return `#!${interpreter}\n${code.replace(/^#!.*\n/, '')}`;
}
