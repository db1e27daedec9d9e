// `turret call aws.s3.get_object bucket=… key=…`: an action by name takes the same way as its command line, so there is one grammar.

import { isDeepStrictEqual } from 'node:util';
import type { ActionCall, ParamValue, ResolveResult } from '../../../src/protocol/messages.js';
import { rebuildArgv } from '../plan/rebuild-argv.js';
import type { AwsContext } from './context.js';
import { quote, refuse } from './refuse.js';

/** The command line that means this action with these params. Throws TurretError('unresolvable') for unknown ones. */
export function argvOfAction({ action, params }: ActionCall, context: AwsContext): string[] {
  return rebuildArgv(
    { action, params },
    { name: context.name, tables: context.tables, localPath: (path) => path },
  );
}

const asText = (value: ParamValue | undefined): unknown =>
  Array.isArray(value) ? value.map(String) : typeof value === 'number' ? String(value) : value;

/** The command line must have been understood as the action and params that were asked for. */
export function checkSame(call: ActionCall, result: ResolveResult): ResolveResult {
  if (!('capabilities' in result)) return result;
  const [primary] = result.capabilities;
  if (primary?.action !== call.action)
    return refuse(
      `${quote(call.action)} and its params do not belong together`,
      'leave the param `command` out',
    );
  for (const [name, value] of Object.entries(call.params)) {
    const got = asText(primary.params[name]);
    const asked = asText(value);
    if (!isDeepStrictEqual(got, asked) && !isDeepStrictEqual(got, [String(value)])) {
      refuse(
        `the param ${quote(name)} was not understood as it was given`,
        'give paths relative to the working directory, and strings for names',
      );
    }
  }
  return result;
}
