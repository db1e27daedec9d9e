// How the agent is shut in, behind one interface: ask for a level, get what starts the agent's command. Nothing is
// promised that was not tried: each level runs the real profile with `true` first.

import { join, relative } from 'node:path';

import { type EncloseRequest, type Enclosure, unavailable } from './enclosure.js';
import { Launcher } from './launcher.js';
import { type Level, missingSystem } from './levels.js';
import { probe } from './probe.js';
import { isWithin, realPlace } from '../platform/paths.js';
import { withBubblewrap } from './with-bubblewrap.js';
import { withLandlock } from './with-landlock.js';
import { withNothing } from './with-nothing.js';
import { withSeatbelt } from './with-seatbelt.js';
import { withOtherUser } from './with-other-user.js';

const BY_LEVEL: Record<Level, (request: EncloseRequest, launcher: Launcher) => Promise<Enclosure>> = {
  strict: (request, launcher) => withBubblewrap(request, launcher, true),
  namespaced: (request, launcher) => withBubblewrap(request, launcher, false),
  landlock: withLandlock,
  seatbelt: withSeatbelt,
  uid: withOtherUser,
  none: withNothing,
};

/** Throws TurretError isolation_unavailable; it never falls to another level by itself. */
export async function enclose(
  level: Level,
  named: EncloseRequest,
  platform: NodeJS.Platform = process.platform,
): Promise<Enclosure> {
  const missing = missingSystem(level, platform);
  if (missing !== undefined)
    throw unavailable(
      `isolation: ${level} needs ${missing}`,
      platform === 'darwin'
        ? 'macOS has isolation: seatbelt, untested, and no more can be asked for, by min_isolation neither'
        : 'isolation: auto takes the best that there is',
    );
  const request = withRealHome(named);
  const bubblewrap = level === 'strict' || level === 'namespaced';
  const launcher = new Launcher({ bubblewrap });
  try {
    const enclosure = await BY_LEVEL[level](request, launcher);
    const problem = level === 'none' ? undefined : await probe(enclosure, request);
    if (problem !== undefined) throw unavailable(problem.message, problem.hint);
    if (enclosure.agentAddress !== 'loopback') return enclosure;
    // The thread has given up the ports it does not know yet.
    launcher.end();
    const again = new Launcher({ bubblewrap });
    return { ...enclosure, launcher: again, end: () => again.end() };
  } catch (error) {
    launcher.end();
    throw error;
  }
}

// HOME may be a link, or lie behind one. What is hidden is where it really is, and so is a program that is named by it.
function withRealHome(request: EncloseRequest): EncloseRequest {
  const { program } = request;
  const home = realPlace(request.home);
  if (home === '/')
    throw unavailable('HOME is /, where everything is', 'set HOME to a directory of your own');
  const isBelow = program !== undefined && isWithin(program, request.home);
  return { ...request, home, program: isBelow ? join(home, relative(request.home, program)) : program };
}
