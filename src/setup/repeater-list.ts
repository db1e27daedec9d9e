// `turret repeater list`: what is configured, and what would keep a repeater from starting. Nothing is started.

import { isAbsolute, join } from 'node:path';

import type { RepeaterConfig } from '../config/config.js';
import { findBubblewrap } from '../isolation/probe.js';
import { BUILT_IN_REPEATERS } from '../session/built-in-repeaters.js';
import { isOnPath, isProgram } from './agents-found.js';
import { type CredentialSource, credentialSource } from './credential-source.js';
import type { Environment } from './environment.js';

export interface ListedRepeater {
  /** First word of its actions. */
  name: string;
  kind: string;
  /** Programs it answers for. */
  tools: string[];
  /** It comes with turret. */
  builtIn: boolean;
  /** How the program of one's own is spoken to. */
  profile?: string;
  command?: string[];
  /** Unix user of its own. */
  user?: string;
  /** Absent for what comes with turret, which confines the programs it starts. */
  sandbox?: 'on' | 'off' | 'unavailable';
  /** Absent when it holds none. */
  credential?: CredentialSource;
  /** Where everything is sent instead. */
  endpoint?: string;
  /** Why it would not start, or not work. */
  problems: string[];
}

/** Where a program of one's own is looked for: repeaters/host/child.ts. */
const PROGRAM_PATH = '/usr/local/bin:/usr/bin:/bin';

export function listRepeaters(repeaters: Record<string, RepeaterConfig>, env: Environment): ListedRepeater[] {
  return Object.values(repeaters).map((repeater) =>
    isOwn(repeater) ? ownRepeater(repeater, env) : builtInRepeater(repeater, env),
  );
}

function isOwn({ command, manifest }: RepeaterConfig): boolean {
  return command !== undefined || manifest !== undefined;
}

function builtInRepeater(repeater: RepeaterConfig, env: Environment): ListedRepeater {
  const { name, kind, cli, endpoint } = repeater;
  const builtIn = BUILT_IN_REPEATERS[kind];
  const problems: string[] = [];
  if (builtIn === undefined)
    problems.push(`no repeater of kind ${kind} comes with turret, and it has no command`);
  if (cli !== undefined && !isProgram(cli)) problems.push(`cli: ${cli} is not a program`);
  const [tool] = builtIn?.tools ?? [];
  if (cli === undefined && tool !== undefined && !isOnPath(tool, env['PATH'] ?? ''))
    problems.push(`${tool} is not on your PATH`);
  return {
    name,
    kind,
    tools: repeater.tools ?? builtIn?.tools ?? [],
    builtIn: true,
    ...userOf(repeater),
    ...credentialOf(credentialSource(repeater, env)),
    ...(endpoint === undefined ? {} : { endpoint }),
    problems,
  };
}

function userOf({ user }: RepeaterConfig): { user?: string } {
  return user === undefined ? {} : { user: String(user) };
}

function ownRepeater(repeater: RepeaterConfig, env: Environment): ListedRepeater {
  const { name, kind, endpoint, directory = '/' } = repeater;
  // A manifest has completed the block when it was loaded.
  const { command, profile, actions = [] } = repeater;
  const problems = command === undefined ? ['command is missing'] : commandProblems(command, directory);
  if (profile === undefined) problems.push('profile is missing: exec, line, binary or cli');
  if (profile === 'exec' && actions.length === 0) problems.push('an exec repeater must list its actions');
  return {
    name,
    kind,
    tools: repeater.tools ?? [],
    builtIn: false,
    ...(profile === undefined ? {} : { profile }),
    ...(command === undefined ? {} : { command }),
    ...userOf(repeater),
    ...(profile === 'cli' ? {} : { sandbox: sandboxOf(repeater) }),
    ...credentialOf(credentialSource(repeater, env)),
    ...(endpoint === undefined ? {} : { endpoint }),
    problems,
  };
}

function sandboxOf({ sandbox }: RepeaterConfig): 'on' | 'off' | 'unavailable' {
  if (sandbox === 'off') return 'off';
  return findBubblewrap() === undefined ? 'unavailable' : 'on';
}

function credentialOf(credential: CredentialSource | undefined): { credential?: CredentialSource } {
  return credential === undefined ? {} : { credential };
}

/** A name with a slash starts at the file that says it; the others are looked for in system directories only. */
export function commandProblems([program = '']: readonly string[], directory: string): string[] {
  if (program.includes('/')) {
    const path = isAbsolute(program) ? program : join(directory, program);
    return isProgram(path) ? [] : [`${path} is not an executable file`];
  }
  return isOnPath(program, PROGRAM_PATH)
    ? []
    : [`${program} was not found in ${PROGRAM_PATH.replaceAll(':', ', ')}; write its absolute path`];
}
