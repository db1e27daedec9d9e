// What runs: argv made from the approved capability, what gh may say on the wire, and which files it sees.

import { TurretError } from '../../src/errors.js';
import type { Capability, Needs } from '../../src/protocol/messages.js';
import { isDeepStrictEqual } from 'node:util';
import { argvOf } from './resolve/argv.js';
import { resolveGh } from './resolve/resolve.js';
import type { GhContext, GhPlan } from './types.js';
import { allowanceOf } from './wire.js';

interface Approved {
  capabilities: Capability[];
  needs: Needs;
}

/**
 * @returns the plan of capabilities[0]
 * @throws TurretError `internal` when argv, resolved again, is not the same capabilities and needs
 */
export function planGh({ capabilities, needs }: Approved, context: GhContext): GhPlan {
  const primary = capabilities[0];
  if (!primary) throw new TypeError('a plan needs a capability');
  const { argv, facts } = argvOf(primary, context);
  const again = resolveGh({ tool: 'gh', argv, cwd: '/', ...(facts ? { facts } : {}) }, context);
  if (!('capabilities' in again) || !same(again, { capabilities, needs })) {
    throw new TurretError('internal', 'the command rebuilt for gh is not the one that was allowed', {
      hints: ['report this command line; nothing was run'],
    });
  }
  const files = needs.files.map((need) => ({ ...need, local: localPath(need.path) }));
  const branch =
    facts && typeof primary.params['branch'] === 'string' ? { branch: primary.params['branch'] } : {};
  return {
    argv: argvOf(primary, context, localPath).argv,
    env: facts ? { GH_REPO: `${context.host}/${String(primary.params['repo'])}` } : {},
    ...branch,
    allow: [allowanceOf(primary, context)],
    files,
    local: !primary.annotations.openWorld,
  };
}

/** Order of keys does not count, and neither do prototypes: one side has been through the broker. */
function same(a: Approved, b: Approved): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

function plain({ capabilities, needs }: Approved): unknown {
  return JSON.parse(JSON.stringify({ capabilities, needs }));
}

/**
 * A file of the caller keeps its name below the private directory. One below /tmp goes into a hidden directory, which
 * no path of the caller can name.
 */
function localPath(path: string): string {
  return path.startsWith('/') ? `.absolute${path}` : path;
}
