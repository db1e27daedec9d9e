// What became of the escape attempts, as lines.

import type { Enclosure } from '../isolation/enclosure.js';
import { LANDLOCK_ABI } from '../isolation/landlock.js';
import type { Network } from '../isolation/network.js';
import type { AttemptOutcome } from './attempts.js';
import type { Check } from './check.js';
import type { ExposedFile } from './exposed-files.js';

interface Attempt {
  id: string;
  what: string;
  reached: boolean;
  /** Why it matters, when it was not stopped. */
  why: string;
  seen: string;
  fix?: string;
}

/** One line for each attempt. What the level does not promise to stop is a warning, not a fault. */
export function attemptChecks(outcome: AttemptOutcome, shutIn: ShutIn): Check[] {
  const network = networkFix(shutIn.network);
  const foreign = outcome.sockets.filter((path) => path !== outcome.abstract);
  const attempts: Attempt[] = [
    { id: 'processes', what: 'see processes of the host', reached: outcome.processes, seen: 'a process outside was not found', why: 'command lines of other programs are readable' },
    { id: 'environments', what: 'read /proc/<pid>/environ of the host', reached: outcome.environments, seen: 'its environment was not found', why: 'variables of other programs are readable' },
    { id: 'key-directories', what: 'list ~/.aws, ~/.ssh and the like', reached: outcome.keyDirectories.length > 0, seen: `${outcome.targets.keyDirectories.length} tried`, why: outcome.keyDirectories.join(', '), fix: 'take them out of home: allow' },
    { id: 'sockets', what: 'connect to sockets of the host', reached: foreign.length > 0, seen: `${outcome.targets.sockets.length - 1} tried`, why: foreign.join(', ') },
    { id: 'abstract-sockets', what: 'connect to an abstract socket', reached: outcome.sockets.includes(outcome.abstract), seen: 'not reachable', why: 'they belong to the network, which is shared: X11 and some buses listen there', ...network },
    { id: 'outside', what: 'write outside the workspace', reached: outcome.written.length > 0, seen: 'no file arrived', why: outcome.written.join(', ') },
    { id: 'programs', what: 'run the real aws or gh by its path', reached: outcome.programs.length > 0, seen: outcome.targets.programs.length === 0 ? 'neither is installed' : 'it is the shim', why: `${outcome.programs.join(', ')} is not covered by the shim; it finds no credential there` },
    { id: 'privileges', what: 'gain rights by set-id programs', reached: outcome.privileges, seen: 'no capability, no new privileges', why: 'capabilities are held' },
    { id: 'terminal', what: 'type into your terminal (TIOCSTI)', reached: outcome.terminal, seen: 'refused, by the kernel or by the filter', why: 'this kernel lets a program type commands into the shell that started it', fix: 'sysctl -w dev.tty.legacy_tiocsti=0 (Linux 6.2 or newer)' },
    { id: 'loopback', what: 'reach a service on 127.0.0.1', reached: outcome.loopback, seen: 'not reachable', why: 'databases and debuggers that listen there are reachable', ...network },
    { id: 'metadata', what: 'reach 169.254.169.254', reached: outcome.metadata, seen: 'no route', why: 'there is a route; whether something answers was not tried', ...network },
  ]; // prettier-ignore
  const open = openByDesign(shutIn);
  return attempts.map((attempt) => lineOf(attempt, open));
}

export type ShutIn = Pick<Enclosure, 'level' | 'network'>;

function networkFix({ mode, landlock }: Network): { fix?: string } {
  if (mode === 'none') return {};
  return {
    fix:
      landlock.problem === undefined
        ? 'net: ports or isolation: strict'
        : 'npm install koffi beside turret, or isolation: strict',
  };
}

/** What this level does not promise to stop; docs/isolation.md says the same. */
function openByDesign({ level, network: { mode, landlock } }: ShutIn): Set<string> {
  const open = new Set(['programs']);
  if (mode === 'open') open.add('loopback').add('metadata');
  if (mode !== 'none' && landlock.abi < LANDLOCK_ABI.scopes) open.add('abstract-sockets');
  if (level === 'landlock' || level === 'uid') open.add('processes');
  if (level === 'uid') open.add('sockets');
  return open;
}

function lineOf({ id, what, reached, why, seen, fix }: Attempt, open: Set<string>): Check {
  const shared = { id: `attempt.${id}`, group: 'attempts' as const, what };
  if (!reached) return { ...shared, state: 'stopped', level: 'ok', why: seen };
  return {
    ...shared,
    state: 'not stopped',
    level: open.has(id) ? 'warn' : 'bad',
    why,
    ...(fix === undefined ? {} : { fix }),
  };
}

/** Files with credentials: hidden or readable inside. `outcome` is absent when there is no isolation. */
export function fileChecks(
  files: readonly ExposedFile[],
  outcome: AttemptOutcome | undefined,
  cwd: string,
): Check[] {
  return files.map(({ path, holds }) => {
    const shared = { id: `file.${path}`, group: 'credentials' as const, what: path };
    if (outcome !== undefined && !outcome.files.includes(path)) {
      return {
        ...shared,
        state: 'hidden',
        level: 'ok',
        why: `${holds} in plain: hidden from the agent under isolation, readable without`,
      };
    }
    const inside = path.startsWith(`${cwd}/`);
    const why = `${holds} in plain: ${outcome === undefined ? 'readable for the agent without isolation' : inside ? 'it lies in the workspace, which the agent sees' : 'the agent can read it'}`;
    const fix = inside
      ? 'move it out of the workspace'
      : outcome === undefined
        ? 'see isolation above'
        : 'take its directory out of home: allow';
    return { ...shared, state: 'readable', level: 'warn', why, fix };
  });
}
