// The words of turret.yaml and the command line for how the agent is shut in.

/** Best first. */
export const LEVELS = ['strict', 'namespaced', 'landlock', 'uid', 'none'] as const;
export type Level = (typeof LEVELS)[number];

/** `auto`: the best of namespaced and landlock that this machine holds. */
export const ISOLATION_MODES = ['auto', ...LEVELS] as const;
export type IsolationMode = (typeof ISOLATION_MODES)[number];

export const NETWORK_MODES = ['open', 'ports', 'none'] as const;
export type NetworkMode = (typeof NETWORK_MODES)[number];

/** Whether `level` shuts in at least as well as `minimum`. */
export function isAtLeast(level: Level, minimum: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(minimum);
}
