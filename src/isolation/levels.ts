// The words of turret.yaml and the command line for how the agent is shut in.

/**
 * Best first. `seatbelt` means to hold what `landlock` holds, and nobody has seen it do so; `uid` leaves open, beside the
 * same, whatever the other user may read, write and connect to.
 */
export const LEVELS = ['strict', 'namespaced', 'landlock', 'seatbelt', 'uid', 'none'] as const;
export type Level = (typeof LEVELS)[number];

/** `auto`: the best of namespaced and landlock that this machine holds; on macOS seatbelt. */
export const ISOLATION_MODES = ['auto', ...LEVELS] as const;
export type IsolationMode = (typeof ISOLATION_MODES)[number];

export const NETWORK_MODES = ['open', 'ports', 'none'] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number];

/** Whether `level` shuts in at least as well as `minimum`. */
export function isAtLeast(level: Level, minimum: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(minimum);
}

/** The system whose means a level is made of. */
const SYSTEMS: Record<Level, { platform: NodeJS.Platform; name: string } | undefined> = {
  strict: { platform: 'linux', name: 'Linux' },
  namespaced: { platform: 'linux', name: 'Linux' },
  landlock: { platform: 'linux', name: 'Linux' },
  seatbelt: { platform: 'darwin', name: 'macOS' },
  uid: { platform: 'linux', name: 'Linux' },
  none: undefined,
};

/** The system that this level needs and this machine is not; undefined where the level can be tried. */
export function missingSystem(level: Level, platform: NodeJS.Platform): string | undefined {
  const system = SYSTEMS[level];
  return system === undefined || system.platform === platform ? undefined : system.name;
}
