// From what an agent asked to what it needs permission for. Pure: reads the tables, sends nothing.
//
//   words → command line → facts (region, profile, output) → capabilities and local files

import type {
  ActionCall,
  AgentCall,
  Capability,
  ResolveResult,
  ToolCall,
} from '../../../src/protocol/messages.js';
import { FILES_MAX } from '../../../src/protocol/limits.js';
import { LOCAL } from './annotations.js';
import { argvOfAction, checkSame } from './action-call.js';
import { parseCommandLine } from './command-line.js';
import type { AwsContext } from './context.js';
import { applyDefaults, FACTS, type Facts, otherRepeater, profileAsked } from './facts.js';
import { resolveLogsTail } from './logs-tail.js';
import { resolveOperation } from './operation.js';
import { resolveS3 } from './s3/resolve-s3.js';
import { refuse } from './refuse.js';
import { screenWords } from './words.js';

/** Where a call without a working directory is: nothing local lies below it but names given relative. */
export const NO_DIRECTORY = '/turret';

/**
 * Resolves an `aws` command line or an action call. Returns capabilities, the facts it needs first, or the repeater that serves
 * the profile asked for. Throws TurretError('unresolvable') for everything not understood.
 */
export function resolveAws(call: AgentCall, context: AwsContext): ResolveResult {
  if ('action' in call) return resolveAction(call, context);
  screenWords(call.argv);
  if (isVersion(call))
    return { capabilities: [versionCapability(context)], needs: { stdin: false, files: [] } };
  return bounded(resolveArgv(call, context));
}

function bounded(result: ResolveResult): ResolveResult {
  if (!('capabilities' in result)) return result;
  const { capabilities, needs } = result;
  if (needs.files.length > FILES_MAX) {
    refuse(`more than ${FILES_MAX} files in one command`, 'split it into several commands');
  }
  return { capabilities: capabilities.map(withUnreadParams), needs };
}

/** A document in a file is not read here: a rule about its text must not be dodged by putting it there. */
function withUnreadParams(capability: Capability): Capability {
  const unread = Object.entries(capability.params)
    .filter(([, value]) => [value].flat().some((item) => /^fileb?:\/\//.test(String(item))))
    .map(([name]) => name);
  if (unread.length === 0) return capability;
  return { ...capability, unbounded: [...new Set([...(capability.unbounded ?? []), ...unread])] };
}

const isVersion = ({ argv }: ToolCall): boolean => argv.length === 1 && argv[0] === '--version';

function versionCapability(context: AwsContext) {
  return { action: `${context.name}.cli.version`, params: {}, annotations: LOCAL };
}

function resolveArgv(call: ToolCall, context: AwsContext): ResolveResult {
  const line = parseCommandLine(call.argv, context.tables);
  if (call.facts === undefined) return { facts: FACTS };
  const facts: Facts = call.facts;
  const profile = profileAsked(line.globals, facts, context);
  const other = profile === undefined ? undefined : otherRepeater(profile, context);
  if (other !== undefined) return { redirect: other };
  delete line.globals['profile'];
  applyDefaults(line.globals, facts, context);
  const { kind } = line.target;
  if (kind === 's3') return resolveS3(line, context, { cwd: call.cwd, facts });
  if (kind === 'logs-tail') return resolveLogsTail(line, context, call.cwd);
  return resolveOperation(line, context, call.cwd);
}

function resolveAction(call: ActionCall, context: AwsContext): ResolveResult {
  const argv = argvOfAction(call, context);
  const zone = call.params['tz'];
  const facts: Facts = typeof zone === 'string' ? { 'env.TZ': zone } : {};
  return checkSame(call, resolveAws({ tool: 'aws', argv, cwd: call.cwd ?? NO_DIRECTORY, facts }, context));
}
