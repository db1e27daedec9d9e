// Whose request is this, and what would it be? Follows at most one redirect, between repeaters of the same tool.

import { TurretError } from '../errors.js';
import type { ActionCall, AgentCall, Capability, Needs, ResolveResult } from '../protocol/messages.js';
import type { RepeaterLink } from './repeater-link.js';
import type { ReadyRepeater, Repeaters } from './repeaters.js';
import { capabilityOf, parseResolveResult } from './resolution.js';

export interface Resolved {
  link: RepeaterLink;
  capabilities: Capability[];
  needs: Needs;
}

/** Throws what the repeater refused with, facts_needed, no_such_action, or what kept the repeater from answering. */
export async function resolveCall(repeaters: Repeaters, request: AgentCall): Promise<Resolved> {
  if ('action' in request) return resolveAction(repeaters, request);
  const owner = await repeaters.ensure(repeaters.ownerOfTool(request.tool));
  const result = await ask(owner, request);
  if (!('redirect' in result)) return settle(owner.link, result);
  if (!repeaters.serves(result.redirect, request.tool) || result.redirect === owner.link.name) {
    throw new TurretError(
      'repeater_error',
      `the repeater "${owner.link.name}" pointed at one that does not serve this command`,
    );
  }
  const other = await repeaters.ensure(result.redirect);
  return settle(other.link, await ask(other, request));
}

async function resolveAction(repeaters: Repeaters, request: ActionCall): Promise<Resolved> {
  const [first = ''] = request.action.split('.');
  if (repeaters.has(first)) {
    const owner = await repeaters.ensure(first);
    return settle(owner.link, await ask(owner, request));
  }
  return resolveShortName(repeaters, request);
}

// `turret call s3.list_buckets` means the one registered action that ends in it.
async function resolveShortName(repeaters: Repeaters, request: ActionCall): Promise<Resolved> {
  const found: Resolved[] = [];
  let nearly: TurretError | undefined;
  for (const name of repeaters.names()) {
    try {
      const owner = await repeaters.ensure(name);
      found.push(settle(owner.link, await ask(owner, { ...request, action: `${name}.${request.action}` })));
    } catch (error) {
      // A repeater that cannot start, or does not know the action, is no candidate. A question back is one.
      if (error instanceof TurretError && error.code === 'facts_needed') throw error;
      if (error instanceof TurretError && error.code === 'invalid_params') nearly = error;
    }
  }
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  if (found.length === 0 && nearly !== undefined) throw nearly;
  const candidates = found.map(({ link }) => `${link.name}.${request.action}`);
  throw new TurretError(
    'no_such_action',
    `${candidates.length === 0 ? 'no' : 'more than one'} action ends in "${request.action}"`,
    {
      hints: [
        candidates.length === 0
          ? 'name it in full: <repeater>.<action>; turret status names the repeaters'
          : `say which: ${candidates.join(', ')}`,
      ],
    },
  );
}

async function ask({ link, register }: ReadyRepeater, request: AgentCall): Promise<ResolveResult> {
  if (!register.resolve) {
    if ('tool' in request)
      throw new TurretError('unresolvable', `the repeater "${link.name}" has no command lines`);
    return capabilityOf(register, request.action, request.params);
  }
  return parseResolveResult(register, await link.resolve({ mode: 'resolve', ...request }));
}

function settle(link: RepeaterLink, result: ResolveResult): Resolved {
  if ('facts' in result)
    throw new TurretError('facts_needed', 'the command depends on its surroundings', { facts: result.facts });
  if ('redirect' in result)
    throw new TurretError('repeater_error', `the repeater "${link.name}" sends the request round in circles`);
  return { link, ...result };
}
