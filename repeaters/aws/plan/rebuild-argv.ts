// From a capability's action and params back to the command line that means exactly that. No word of the agent's own
// command line survives: what is not a param of this table is refused, so nothing can ride along.

import type { ParamValue, Params } from '../../../src/protocol/messages.js';
import { GLOBAL_PARAMS } from '../resolve/globals.js';
import { paramName, wordsOf } from '../resolve/names.js';
import { quote, refuse } from '../resolve/refuse.js';
import { asPrefix, s3Uri } from '../resolve/s3/uri.js';
import { findTarget, type Target } from '../resolve/target.js';
import type { AwsOption, AwsTables } from '../tables/types.js';
import { optionWords } from './option-words.js';

export interface RebuildContext {
  name: string;
  tables: AwsTables;
  /** Where a local path is in the directory the CLI runs in. */
  localPath: (path: string) => string;
}
interface Asked {
  action: string;
  params: Params;
}

/** Throws TurretError('unresolvable') for an unknown action, command or param, or a param of the wrong type. */
export function rebuildArgv({ action, params }: Asked, context: RebuildContext): string[] {
  if (action === `${context.name}.cli.version`) {
    return Object.keys(params).length === 0
      ? ['--version']
      : refuse('cli.version takes no params', 'leave them out');
  }
  const command = params['command'];
  const words = typeof command === 'string' ? command.split(' ') : wordsOf(context.name, action);
  if (words === undefined)
    return refuse(
      `${quote(action)} is not an action of this repeater`,
      `actions are ${context.name}.SERVICE.OPERATION`,
    );
  const target = findTarget(words, context.tables);
  const left = new Map(Object.entries(params));
  left.delete('command');
  const operands = takeOperands(target, left, context);
  const built = takeOptions(target, left, context);
  const globals = takeGlobals(left);
  const [unknown] = left.keys();
  if (unknown !== undefined)
    refuse(
      `${quote(unknown)} is not a param of ${action}`,
      'params are the long options in lower snake case',
    );
  return [...words, ...operands, ...built, ...globals];
}

function take(left: Map<string, ParamValue>, name: string): ParamValue | undefined {
  const value = left.get(name);
  left.delete(name);
  return value;
}

function text(left: Map<string, ParamValue>, name: string): string | undefined {
  const value = take(left, name);
  return value === undefined || typeof value === 'string'
    ? value
    : refuse(`the param ${name} is not a string`, 'give one string');
}

/** Bare words come straight behind the command, where no list can swallow them. */
function takeOperands(target: Target, left: Map<string, ParamValue>, context: RebuildContext): string[] {
  if (target.kind === 's3') return s3Operands(target.subcommand, left, context);
  if (target.kind === 'logs-tail')
    return [text(left, 'log_group_name') ?? refuse('log_group_name is missing', 'name the log group')];
  const positional = target.options.filter((option) => option.positional);
  return positional.flatMap((option) => {
    const value = text(left, paramName(option.name));
    return value === undefined ? [] : [context.localPath(value)];
  });
}

function s3Operands(
  subcommand: string,
  left: Map<string, ParamValue>,
  { localPath }: RebuildContext,
): string[] {
  const bucket = text(left, 'bucket');
  const key = text(left, 'key');
  const prefix = text(left, 'prefix');
  const source = text(left, 'source');
  const target = text(left, 'target');
  if (subcommand === 'ls') take(left, 'tz');
  if (bucket === undefined)
    return subcommand === 'ls' ? [] : refuse('the param bucket is missing', 'name the bucket');
  const place = s3Uri({ bucket, key: key ?? (subcommand === 'ls' ? prefix : asPrefix(prefix ?? '')) ?? '' });
  const local = (path: string): string => (path === '-' || path.startsWith('s3://') ? path : localPath(path));
  if (source !== undefined && target === undefined) return [local(source), place];
  if (target !== undefined && source === undefined) return [place, local(target)];
  if (source !== undefined)
    return refuse(
      'source and target cannot both be given',
      'give the one that is not named by bucket and key',
    );
  return [place];
}

function takeOptions(target: Target, left: Map<string, ParamValue>, context: RebuildContext): string[] {
  const loose: string[] = [];
  const tight: string[] = [];
  for (const option of target.options) {
    if (option.positional) continue;
    const value = take(left, paramName(option.name));
    if (value === undefined) continue;
    const words = optionWords(option, mapPaths(option, value, context));
    loose.push(...words.loose);
    tight.push(...words.tight);
  }
  const filters = target.kind === 's3' ? take(left, 'filters') : undefined;
  if (filters !== undefined) tight.push(...filterWords(filters));
  return [...loose, ...tight];
}

function filterWords(filters: ParamValue): string[] {
  const items = Array.isArray(filters) ? filters : [filters];
  return items.map((item) =>
    typeof item === 'string' && /^(include|exclude)=./s.test(item)
      ? `--${item}`
      : refuse('filters hold include=… or exclude=…', 'give them in order'),
  );
}

function mapPaths(option: AwsOption, value: ParamValue, { localPath }: RebuildContext): ParamValue {
  const map = (item: string | number | boolean): string | number | boolean => {
    if (typeof item !== 'string') return item;
    if (option.type === 'read' || option.type === 'write') return localPath(item);
    const file = /^(fileb?:\/\/)(.+)$/s.exec(item);
    return file === null ? item : `${file[1]!}${localPath(file[2]!)}`;
  };
  return Array.isArray(value) ? value.map(map) : map(value);
}

function takeGlobals(left: Map<string, ParamValue>): string[] {
  return Object.entries(GLOBAL_PARAMS).flatMap(([param, name]) => {
    const value = take(left, param);
    if (value === undefined) return [];
    if (param === 'paginate')
      return value === false ? ['--no-paginate'] : refuse('paginate can only be false', 'leave it out');
    return typeof value === 'string' || typeof value === 'number'
      ? [`--${name}=${value}`]
      : refuse(`the param ${param} is not a string`, 'give one string');
  });
}
