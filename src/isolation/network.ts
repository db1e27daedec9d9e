// What of the network the agent has. Landlock holds TCP ports, not addresses, and no UDP: what stays open is said.

import { TurretError } from '../errors.js';
import { LANDLOCK_ABI, type LandlockSupport } from './landlock.js';
import type { NetworkMode } from './levels.js';

export interface Network {
  mode: NetworkMode;
  /** TCP ports that may be connected to under `ports`, in order. */
  ports: number[];
  landlock: LandlockSupport;
}

/** HTTPS and names. Neither metadata services (80) nor what developers run on loopback. */
const ALWAYS_OPEN = [53, 443];

/** Throws TurretError isolation_unavailable when `ports` was asked for and cannot be held. */
export function chooseNetwork(
  asked: NetworkMode | undefined,
  ports: readonly number[],
  landlock: LandlockSupport,
): Network {
  const holds = landlock.abi >= LANDLOCK_ABI.ports;
  const mode = asked ?? (holds ? 'ports' : 'open');
  if (mode === 'ports' && !holds) {
    throw new TurretError('isolation_unavailable', `net: ports cannot be held here: ${why(landlock)}`, {
      hints: ['net: open (the agent reaches everything), or net: none'],
    });
  }
  return { mode, ports: mode === 'ports' ? openPorts(ports) : [], landlock };
}

/** What `ports` leaves, in order. */
export function openPorts(ports: readonly number[]): number[] {
  return [...new Set([...ALWAYS_OPEN, ...ports])].sort((a, b) => a - b);
}

/** Half a sentence: what is stopped, and what is not. */
export function networkWords({ mode, ports, landlock }: Network): string {
  if (mode === 'none') return 'there is no network';
  if (mode === 'ports')
    return `TCP only to port ${ports.join(', ')} of any machine, this one included; UDP is open`;
  return landlock.abi < LANDLOCK_ABI.ports
    ? `the network is open, services of this machine included (${why(landlock)})`
    : 'the network is open, services of this machine included';
}

function why({ abi, problem }: LandlockSupport): string {
  if (problem !== undefined) return problem;
  return abi === 0 ? 'this kernel has no Landlock' : 'the Landlock of this kernel knows no ports (Linux 6.7)';
}
