// `aws SERVICE OPERATION …` and `aws SERVICE wait NAME …`: one operation of the API, its options as params.

import type {
  Capability,
  FileNeed,
  Params,
  ParamValue,
  ResolveResult,
} from '../../../src/protocol/messages.js';
import type { AwsOption } from '../tables/types.js';
import { annotationsOf } from './annotations.js';
import type { CommandLine, OptionValue } from './command-line.js';
import type { AwsContext } from './context.js';
import { copySource } from './copy-source.js';
import { actionName, paramName } from './names.js';
import { refuse } from './refuse.js';
import { checkValue } from './values.js';

/** Checks every value. Returns params by name, with the files they stand for in `files`. */
export function optionParams(values: Map<AwsOption, OptionValue>, cwd: string, files: FileNeed[]): Params {
  const params: Params = {};
  for (const [option, value] of values)
    params[paramName(option.name)] = checkValue(option, value, cwd, files) as ParamValue;
  return params;
}

/** Resolves an operation or a waiter. The waiter is the operation it polls; `command` remembers how it was asked for. */
export function resolveOperation(line: CommandLine, context: AwsContext, cwd: string): ResolveResult {
  const { target } = line;
  if (target.kind !== 'operation' && target.kind !== 'waiter') throw new TypeError('not an operation');
  takePositionals(line);
  const files: FileNeed[] = [];
  const params: Params = { ...optionParams(line.values, cwd, files), ...line.globals };
  if (target.service === 'route53') bareIds(target.operation.api, params);
  if (target.kind === 'waiter') params['command'] = `${target.service} wait ${target.waiter}`;
  const capability: Capability = {
    action: actionName(context.name, target.service, target.operation.command),
    params,
    annotations: annotationsOf(target.operation),
  };
  const unbounded = spelledFreely(line.values);
  // Its keys are inside a structure, or inside a file: a rule about keys cannot see them.
  if (target.service === 's3api' && target.operation.api === 'DeleteObjects') unbounded.push('key');
  if (unbounded.length > 0) capability.unbounded = unbounded.toSorted();
  return { capabilities: [capability, ...copySource(capability, context)], needs: { stdin: false, files } };
}

/** Operations whose `--id` is one of a zone, a delegation set or a change; others take ids of other kinds as they are. */
const OF_ZONES = /HostedZone|DelegationSet|^GetChange$/;

/**
 * Route 53 prints `/hostedzone/Z1`, and the CLI sends what is behind the last slash, whatever stands before it (botocore
 * handlers.py, fix_route53_ids).
 */
function bareIds(api: string, params: Params): void {
  const names = ['hosted_zone_id', 'hosted_zone_id_marker', 'delegation_set_id'];
  for (const name of OF_ZONES.test(api) ? [...names, 'id'] : names) {
    const value = params[name];
    if (typeof value !== 'string') continue;
    params[name] =
      value.slice(value.lastIndexOf('/') + 1) ||
      refuse(`--${name.replaceAll('_', '-')} ends with a slash`, 'give the id');
  }
}

/** Structures have a short form, JSON, and in both several ways to write each text: a rule that compares one would be dodged. */
const spelledFreely = (values: CommandLine['values']): string[] =>
  [...values.keys()].filter(({ type }) => type === 'structure').map(({ name }) => paramName(name));

/** Bare words of an operation are its outfile and nothing else. */
function takePositionals(line: CommandLine): void {
  const places = line.target.options.filter((option) => option.positional);
  for (const [index, word] of line.positionals.entries()) {
    const option = places[index];
    if (option === undefined) {
      refuse(
        'this command has a word too many',
        'quote values that hold spaces; put option names before their values',
      );
    }
    line.values.set(option, word);
  }
}
