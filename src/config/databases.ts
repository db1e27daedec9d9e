// Databases, complete: what turret.yaml leaves out of one.

import type { DatabaseConfig } from './config.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3})$/;

export function isSocket(host: string): boolean {
  return host.startsWith('/');
}

/** Whether what is said to this host stays on this machine. */
export function isLocal(host: string): boolean {
  return isSocket(host) || LOOPBACK.test(host);
}

/** @param blocks checked by shape-databases.ts */
export function completeDatabases(blocks: Record<string, DatabaseConfig>): Record<string, DatabaseConfig> {
  return Object.fromEntries(
    Object.entries(blocks).map(([alias, block]) => {
      const { postgres, tls } = block;
      if (postgres === undefined || tls !== undefined) return [alias, block];
      return [alias, { ...block, tls: isLocal(postgres) ? 'off' : 'verify' }];
    }),
  );
}
