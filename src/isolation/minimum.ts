// `min_isolation` of turret.yaml: the operator's floor. A flag cannot go below it, and `auto` goes no lower; with
// `none` the operator has said beforehand that `auto` may go all the way.

import { TurretError } from '../errors.js';
import type { EncloseRequest, Enclosure } from './enclosure.js';
import { enclose } from './isolation.js';
import { type IsolationMode, type Level, isAtLeast } from './levels.js';

/** What `auto` tries, best first. Strict has no network and uid needs a user: both are asked for by name. */
const AUTOMATIC: readonly Level[] = ['namespaced', 'landlock'];
const AUTOMATIC_ON_MACOS: readonly Level[] = ['seatbelt'];

/** As `enclose`, within the floor. Throws TurretError isolation_unavailable: never less than was asked for. */
export async function encloseWithin(
  mode: IsolationMode,
  minimum: Level | undefined,
  request: EncloseRequest,
): Promise<Enclosure> {
  if (mode !== 'auto') {
    if (minimum !== undefined && !isAtLeast(mode, minimum)) throw below(mode, minimum);
    return enclose(mode, request);
  }
  const reasons: TurretError[] = [];
  for (const level of candidates(mode, minimum)) {
    try {
      const enclosure = await enclose(level, request);
      const fallen = reasons.map(({ message }) => message.replace(PREFIX, ''));
      return fallen.length === 0
        ? enclosure
        : { ...enclosure, line: `${enclosure.line} (not better: ${fallen.join('; ')})` };
    } catch (error) {
      if (!(error instanceof TurretError) || error.code !== 'isolation_unavailable') throw error;
      reasons.push(error);
    }
  }
  // The best level's reason: what one would want to mend.
  throw reasons[0];
}

/** The levels a session may have, best first. */
export function candidates(
  mode: IsolationMode,
  minimum: Level | undefined,
  platform: NodeJS.Platform = process.platform,
): readonly Level[] {
  if (mode !== 'auto') return [mode];
  const automatic = platform === 'darwin' ? AUTOMATIC_ON_MACOS : AUTOMATIC;
  if (minimum === undefined) return automatic;
  const within = automatic.filter((level) => isAtLeast(level, minimum));
  // The floor itself, when it is above all of them: where this machine has not that, its reason is the one to tell.
  return minimum === 'none' || within.length === 0 ? [...within, minimum] : within;
}

const PREFIX = 'the agent cannot be isolated on this machine: ';

function below(mode: Level, minimum: Level): TurretError {
  return new TurretError(
    'isolation_unavailable',
    `turret.yaml asks for min_isolation: ${minimum}, and this run for ${mode}`,
    { hints: ['leave --isolation out, or change min_isolation in turret.yaml'] },
  );
}
