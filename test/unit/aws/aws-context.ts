// What the aws unit tests share: the generated tables, and a call as the shim sends it.

import type { AwsContext } from '../../../repeaters/aws/resolve/context.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { loadTables } from '../../../repeaters/aws/tables/load.js';
import { TurretError } from '../../../src/errors.js';
import type { Capability, Needs, Params, ResolveResult } from '../../../src/protocol/messages.js';

export const CWD = '/home/agent/work';
export const V1 = loadTables('1.45.11');
export const V2 = loadTables('2.9.19');

export const context: AwsContext = {
  name: 'aws',
  tables: V1,
  region: 'us-east-1',
  profiles: ['default'],
  siblings: { prod: 'prod' },
};
export const contextV2: AwsContext = { ...context, tables: V2 };

/** Resolves one command line; words are separated by blanks. */
export function resolveLine(
  line: string | string[],
  { facts = {}, use = context }: { facts?: Record<string, string>; use?: AwsContext } = {},
): ResolveResult {
  return resolveAws(
    { tool: 'aws', argv: typeof line === 'string' ? line.split(' ') : line, cwd: CWD, facts },
    use,
  );
}

export function resolved(
  line: string | string[],
  use: AwsContext = context,
): { capabilities: Capability[]; needs: Needs } {
  const result = resolveLine(line, { use });
  if (!('capabilities' in result)) throw new Error(`not resolved: ${JSON.stringify(result)}`);
  return result;
}

/** Action and params of every capability, without what the defaults add. */
export function asked(
  line: string | string[],
  use: AwsContext = context,
): [action: string, params: Params, unbounded?: string[]][] {
  return resolved(line, use).capabilities.map(({ action, params, unbounded }) => {
    const { region: _region, ...rest } = params;
    return unbounded === undefined ? [action, rest] : [action, rest, unbounded];
  });
}

/** The sentence a refusal has. Fails when the call is not refused. */
export function refusal(line: string | string[], use: AwsContext = context): string {
  try {
    resolveLine(line, { use });
  } catch (error) {
    if (error instanceof TurretError && error.code === 'unresolvable' && error.hints.length > 0)
      return error.message;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(line)}`);
}
