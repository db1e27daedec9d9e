// `aws logs tail GROUP` (v2): filter-log-events in a loop.

import type { FileNeed, ResolveResult } from '../../../src/protocol/messages.js';
import { annotationsOf } from './annotations.js';
import type { CommandLine } from './command-line.js';
import type { AwsContext } from './context.js';
import { actionName } from './names.js';
import { optionParams } from './operation.js';
import { refuse } from './refuse.js';

/** The log group is `log_group_name`, as in filter-log-events, so that one rule covers both. */
export function resolveLogsTail(line: CommandLine, context: AwsContext, cwd: string): ResolveResult {
  const [group, extra] = line.positionals;
  const operation = context.tables.operation('logs', 'filter-log-events');
  if (operation === undefined) throw new TypeError('the tables have no logs filter-log-events');
  if (group === undefined || extra !== undefined || !/^[\w./#-]{1,512}$/.test(group)) {
    return refuse('aws logs tail takes the name of one log group', 'write aws logs tail GROUP');
  }
  const files: FileNeed[] = [];
  const params = {
    ...optionParams(line.values, cwd, files),
    ...line.globals,
    command: 'logs tail',
    log_group_name: group,
  };
  return {
    capabilities: [
      {
        action: actionName(context.name, 'logs', 'filter-log-events'),
        params,
        annotations: annotationsOf(operation),
      },
    ],
    needs: { stdin: false, files },
  };
}
