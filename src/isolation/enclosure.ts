// What every level of isolation comes to: where things are for the agent, and what starts its command.

import type { BubblewrapRequest } from './bubblewrap.js';
import type { LandlockRules } from './landlock.js';
import type { LaunchRequest } from './launch.js';
import type { Launcher } from './launcher.js';
import type { Level, NetworkMode } from './levels.js';
import type { Network } from './network.js';
import { TurretError } from '../errors.js';

export interface EncloseRequest extends Omit<BubblewrapRequest, 'strict' | 'network' | 'masked'> {
  /** Files with keys that the configuration names, besides those that the environment names. */
  secrets: string[];
  /** Absent: the best of what this machine can hold. */
  net: NetworkMode | undefined;
  /** TCP ports besides those that are always open under `ports`. */
  ports: number[];
  /** A directory of this session that only it uses, for temporary files of an agent that cannot have a /tmp of its own. */
  temporary: string;
  /** The user the agent runs as at level `uid`. */
  agentUser: string | undefined;
}

/** Where the broker listens for the agent. */
export type AgentAddress =
  /** `removable`: once the agent runs, nobody outside needs the path. `owner` is who may connect, when not we. */
  | { path: string; removable: boolean; owner?: { uid: number; gid: number } }
  /** Any port of 127.0.0.1. */
  | 'loopback';

export interface Run extends Pick<LaunchRequest, 'env' | 'stdio'> {
  cwd?: string;
  /** Where the broker listens, when that is on loopback. */
  brokerPort?: number;
}

export interface Enclosure {
  level: Level;
  network: Network;
  /** Where the agent's directory of Turret is, as the agent sees it. */
  agentDirectory: string;
  agentAddress: AgentAddress;
  /** The end of the first process ends all the others. */
  endsTogether: boolean;
  /** What the agent's environment has besides. */
  env: Record<string, string>;
  /** One honest line: what is stopped and what is not. */
  line: string;
  launcher: Launcher;
  /** What starts the command, shut in. */
  launch(command: string[], run: Run): LaunchRequest;
  /** Ends what was prepared, and what runs in it. */
  end(): void;
}

/** Rights given up besides what mounts and users hold: no file rights, because an agent's own sandbox has to mount. */
export function landlockInside({ mode, ports, landlock }: Network): LandlockRules | undefined {
  if (landlock.abi === 0) return undefined;
  return mode === 'ports' ? { connect: ports } : {};
}

export function unavailable(message: string, hint: string): TurretError {
  return new TurretError(
    'isolation_unavailable',
    `the agent cannot be isolated on this machine: ${message}`,
    {
      hints: [hint, 'or accept the risk: --isolation=none (the agent can then read your keys if it tries)'],
    },
  );
}
