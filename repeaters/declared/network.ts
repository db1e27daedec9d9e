// What a declared tool reaches of the network: everything the repeater does, or the hosts it is about and nothing else.
// Those are reached through a network of its own with one way out, a proxy (pinned-proxy.ts), and for hosts on this
// machine through the same port of its own loopback, since tools do not use a proxy for those.

import type { Server } from 'node:net';
import { TurretError } from '../../src/errors.js';
import { type CliNetwork, doorAt, openCliNetwork } from '../sdk/sandbox/network.js';
import { type Target, isLoopback } from './hosts.js';
import { forwardTo, startPinnedProxy } from './pinned-proxy.js';

export interface PinnedNetwork {
  network: CliNetwork;
  /** Variables that tell the tool of the way out. */
  env: Record<string, string>;
}

const PORT_MIN = 1_024;

/** @throws TurretError `isolation_unavailable` when this machine cannot, or a port of its loopback cannot be had */
export async function openPinnedNetwork(
  bubblewrap: string,
  targets: readonly Target[],
  log: (line: string) => void,
): Promise<PinnedNetwork> {
  const network = await openCliNetwork(bubblewrap);
  try {
    const door = await network.door;
    startPinnedProxy(door, targets, log);
    for (const target of targets.filter(isLoopback)) await openForward(network, target);
    const address = `http://127.0.0.1:${portOf(door)}`;
    const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
    return { network, env: Object.fromEntries(names.map((name) => [name, address])) };
  } catch (error) {
    network.close();
    throw error;
  }
}

async function openForward(network: CliNetwork, target: Target): Promise<void> {
  if (target.port < PORT_MIN)
    throw new TurretError(
      'isolation_unavailable',
      `port ${target.port} of this machine cannot be passed on`,
      {
        hints: ['write network: open in turret.yaml'],
      },
    );
  forwardTo(await doorAt(network, target.port), target);
}

function portOf(door: Server): number {
  const address = door.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}
