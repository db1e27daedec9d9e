// From approved capabilities to what is run. The command line is rebuilt from the first one, then resolved again: it must ask for
// exactly the capabilities that were approved, or nothing runs.

import { isDeepStrictEqual } from 'node:util';
import { TurretError } from '../../../src/errors.js';
import type { Capability } from '../../../src/protocol/messages.js';
import type { LocalFile } from '../../sdk/private-files.js';
import type { AwsContext } from '../resolve/context.js';
import { NO_DIRECTORY, resolveAws } from '../resolve/resolve.js';
import type { WireAllowance } from '../wire-allowance.js';
import { rebuildArgv } from './rebuild-argv.js';
import { wireAllowances } from './wire.js';

export interface AwsPlan {
  /** Words behind `aws`. */
  argv: string[];
  /** Requests the injector lets through. */
  wire: WireAllowance[];
  /** TZ of the CLI's environment; absent: the machine's own zone. */
  tz?: string;
  stdin: boolean;
  files: LocalFile[];
  /** The CLI talks to nobody: no dummy credential, no injector. */
  local: boolean;
}

/** Absolute paths are below /tmp only (resolve/files.ts); in the private directory they have a folder of their own. */
export function localPath(path: string): string {
  return path.startsWith('/tmp/') ? `turret-tmp/${path.slice('/tmp/'.length)}` : path;
}

/**
 * Plans approved capabilities. Throws TurretError('unresolvable') when they cannot be rebuilt, and TurretError('internal') when the
 * rebuilt command line would ask for anything else than what was approved.
 */
export function planAws(capabilities: Capability[], context: AwsContext): AwsPlan {
  const [primary] = capabilities;
  if (primary === undefined) throw new TypeError('a plan needs a capability');
  const { name, tables } = context;
  const zone = primary.params['tz'];
  const argv = rebuildArgv(primary, { name, tables, localPath: (path) => path });
  const needs = assertSame(argv, capabilities, { name, tables, profiles: [], siblings: {} });
  return {
    argv: rebuildArgv(primary, { name, tables, localPath }),
    wire: mergeAllowances(capabilities.flatMap((capability) => wireAllowances(capability, context))),
    ...(typeof zone === 'string' ? { tz: zone } : {}),
    stdin: needs.stdin,
    files: needs.files.map((file) => ({ ...file, local: localPath(file.path) })),
    local: primary.action === `${name}.cli.version`,
  };
}

// Which params are unbounded does not depend on the order of the words; the list does.
const compared = (capabilities: Capability[]) =>
  capabilities.map(({ action, params, unbounded = [] }) => ({
    action,
    params,
    unbounded: unbounded.toSorted(),
  }));

function assertSame(argv: string[], capabilities: Capability[], context: AwsContext) {
  const zone = capabilities[0]?.params['tz'];
  const facts: Record<string, string> = typeof zone === 'string' ? { 'env.TZ': zone } : {};
  const again = resolveAws({ tool: 'aws', argv, cwd: NO_DIRECTORY, facts }, context);
  if (
    !('capabilities' in again) ||
    !isDeepStrictEqual(compared(again.capabilities), compared(capabilities))
  ) {
    throw new TurretError('internal', 'the rebuilt command does not mean what was approved', {
      hints: ['report this: nothing was run'],
    });
  }
  return again.needs;
}

function mergeAllowances(allowances: WireAllowance[]): WireAllowance[] {
  return allowances.filter(
    (allowance, index) => allowances.findIndex((other) => isDeepStrictEqual(other, allowance)) === index,
  );
}
