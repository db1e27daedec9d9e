// The machine: what Turret itself needs, and what shuts the agent in.

import { existsSync, readFileSync } from 'node:fs';

import { execaSync } from 'execa';

import { TurretError } from '../errors.js';
import { isWithin, realPlace } from '../platform/paths.js';
import type { Level } from '../isolation/levels.js';
import { findBubblewrap } from '../isolation/probe.js';
import { loadLibc } from '../platform/libc.js';
import { secretShape } from '../platform/secret-shape.js';
import { PROBE_MS_MAX } from '../protocol/limits.js';
import { agentEnvironment } from '../session/environment.js';
import type { ShimProgram } from '../session/shim-program.js';
import { type Check, withFix } from './check.js';
import type { Environment } from './environment.js';

const NODE_OLDEST = [20, 19] as const;

/** `version` as in process.versions.node. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor >= NODE_OLDEST[1]);
  const shared = { id: 'node', group: 'session' as const, what: 'node' };
  if (enough) return { ...shared, state: 'ok', level: 'ok', why: version };
  return {
    ...shared,
    state: 'too old',
    level: 'bad',
    why: version,
    fix: `install node ${NODE_OLDEST.join('.')} or newer`,
    blocks: true,
  };
}

/** The workspace is shown to the agent: it must not be, or hold, the home directory. */
export function workspaceCheck({
  env,
  cwd,
  isolated,
}: {
  env: Environment;
  cwd: string;
  isolated: boolean;
}): Check {
  const shared = { id: 'workspace', group: 'session' as const, what: 'working directory' };
  if (!isWithin(realPlace(env['HOME'] ?? '/nonexistent'), cwd))
    return { ...shared, state: 'ok', level: 'ok', why: 'what the agent sees and may write' };
  const why = 'it is, or holds, your home directory, where your keys are: no session starts here';
  return {
    ...shared,
    state: 'home',
    level: 'bad',
    why,
    fix: 'cd into a project directory',
    ...(isolated ? { blocks: true as const } : {}),
  };
}

/** Names of the user's variables that look like secrets and so are not passed. */
export function environmentCheck(env: Environment): Check {
  const passed = agentEnvironment({ from: env, pass: [], unsafe: [] }).env;
  const names = Object.entries(env).flatMap(([name, value]) =>
    value && !Object.hasOwn(passed, name) && secretShape(name, value) !== undefined ? [name] : [],
  );
  const why =
    names.length === 0
      ? 'nothing in it looks like a secret'
      : `not passed to the agent: ${names.sort().join(', ')}`;
  return {
    id: 'environment',
    group: 'credentials',
    what: 'your environment',
    state: names.length === 0 ? 'ok' : 'hidden',
    level: 'ok',
    why,
  };
}

export function bubblewrapCheck(): Check {
  const path = findBubblewrap();
  const shared = { id: 'bubblewrap', group: 'isolation' as const, what: 'bubblewrap' };
  if (path === undefined)
    return {
      ...shared,
      state: 'missing',
      level: 'warn',
      why: 'it shuts the agent in',
      fix: 'apt-get install bubblewrap',
    };
  return { ...shared, state: 'ok', level: 'ok', why: `${path} ${versionOf(path)}`.trim() };
}

/** The probes tell more than the version does: nothing, where it does not say. */
function versionOf(path: string): string {
  const { stdout } = execaSync(path, ['--version'], ASKING);
  return /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '';
}

const ASKING = { timeout: PROBE_MS_MAX, env: {}, extendEnv: false, reject: false } as const;

/** Without it callers cannot be told apart by their process, and there is Landlock only where `confine` was compiled. */
export function koffiCheck(loaded: ReturnType<typeof loadLibc> = loadLibc()): Check {
  const shared = { id: 'koffi', group: 'isolation' as const, what: 'koffi' };
  if ('libc' in loaded) return { ...shared, state: 'ok', level: 'ok', why: "the kernel's word on who calls" };
  return {
    ...shared,
    state: 'missing',
    level: 'warn',
    why: `${loaded.problem}: a token that got out of the sandbox works from there`,
    fix: 'npm install koffi beside turret',
  };
}

/** Which program the agent's tools are; calls work either way. */
export function shimCheck(shim: ShimProgram | TurretError): Check {
  const shared = { id: 'shim', group: 'session' as const, what: 'shim' };
  if (shim instanceof TurretError)
    return withFix(
      { ...shared, state: 'refused', level: 'bad', why: shim.message, blocks: true },
      shim.hints[0],
    );
  if (shim.native !== undefined) return { ...shared, state: 'native', level: 'ok', why: shim.native };
  const why = `each call waits for the start of a Node: ${shim.why}`;
  return { ...shared, state: 'node', level: 'info', why };
}

/** A level that was tried. `needed`: it is the one a session would use. */
export function levelCheck(level: Level, tried: { line: string } | Error, needed: boolean): Check {
  const shared = { id: `isolation.${level}`, group: 'isolation' as const, what: `isolation ${level}` };
  if (!(tried instanceof Error)) {
    if (level === 'seatbelt')
      return {
        ...shared,
        state: 'untested',
        level: 'warn',
        why: 'the system takes the profile; what it stops nobody has tried: take it for none',
      };
    return { ...shared, state: 'works', level: 'ok', why: tried.line.replace(/^isolation \w+: /, '') };
  }
  const problem = tried;
  const message = problem.message.replace('the agent cannot be isolated on this machine: ', '');
  const fix = problem instanceof TurretError ? problem.hints[0] : undefined;
  return {
    ...shared,
    state: 'fails',
    level: needed ? 'bad' : 'warn',
    why: message,
    ...(fix === undefined ? {} : { fix }),
    ...(needed ? { blocks: true as const } : {}),
  };
}

/** Only the environment protects the keys then. */
export function noIsolationCheck(): Check {
  const why = 'turret.yaml says isolation: none; an agent that tries can read your keys';
  return {
    id: 'isolation.none',
    group: 'isolation',
    what: 'isolation',
    state: 'off',
    level: 'warn',
    why,
    fix: 'isolation: auto',
  };
}

/** The terminal's signals must not end the sandbox; coreutils 8.31 and newer can say so. */
export function envSignalCheck(): Check {
  const shared = { id: 'coreutils', group: 'isolation' as const, what: 'env --ignore-signal' };
  const words = ['--ignore-signal=INT', '--default-signal=INT', '/bin/true'];
  if (!execaSync('/usr/bin/env', words, ASKING).failed)
    return { ...shared, state: 'ok', level: 'ok', why: 'ctrl-C reaches the agent and not the sandbox' };
  // Not GNU, or too old: the probe of the sandbox fails for the same reason.
  return {
    ...shared,
    state: 'missing',
    level: 'warn',
    why: 'the sandbox is started through it',
    fix: 'install GNU coreutils 8.31 or newer',
  };
}

export function setprivCheck(places: readonly string[] = ['/usr/bin/setpriv', '/bin/setpriv']): Check {
  const shared = { id: 'setpriv', group: 'isolation' as const, what: 'setpriv' };
  if (places.some((path) => existsSync(path)))
    return { ...shared, state: 'ok', level: 'ok', why: 'a killed repeater leaves no program behind' };
  return {
    ...shared,
    state: 'missing',
    level: 'warn',
    why: 'a program of a repeater that is killed runs on',
    fix: 'apt-get install util-linux',
  };
}

/** Who may read the memory of whom, where processes see each other at all. */
export function ptraceCheck(file = '/proc/sys/kernel/yama/ptrace_scope'): Check {
  const shared = {
    id: 'ptrace',
    group: 'isolation' as const,
    what: 'memory of your processes',
    level: 'info' as const,
  };
  let scope = '0';
  try {
    scope = readFileSync(file, 'utf8').trim();
  } catch {
    // No Yama in this kernel: as scope 0.
  }
  if (scope !== '0')
    return {
      ...shared,
      state: 'guarded',
      why: `ptrace_scope ${scope}: without isolation an agent reads only that of its children`,
    };
  return {
    ...shared,
    state: 'open',
    why: 'without isolation an agent can read it; inside the sandbox it does not see them',
    fix: 'sysctl -w kernel.yama.ptrace_scope=1',
  };
}
