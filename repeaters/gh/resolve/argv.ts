// The way back: words for a capability. The only place where argv for gh is made, and what it makes is resolved again
// before it runs (plan.ts), so a mistake here refuses instead of running something else.

import type { Params, ParamValue } from '../../../src/protocol/messages.js';
import { TurretError } from '../../../src/errors.js';
import type { GhCommand, GhContext, GhFlag } from '../types.js';
import { actionName, snake } from './annotations.js';
import { repoStyle } from './command.js';
import { FACT } from './facts.js';

export interface RebuiltCall {
  /** Without `gh`. */
  argv: string[];
  /** What the words do not carry: the branch for `pr status`. */
  facts?: Record<string, string>;
}

/** Puts another path where a file of the caller stands; the rest of the words stays. */
export type CarriedName = (path: string) => string;

/** @throws TurretError `no_such_action`, `invalid_params` */
export function argvOf(
  asked: { action: string; params: Params },
  context: GhContext,
  carried: CarriedName = (path) => path,
): RebuiltCall {
  const { action, params } = asked;
  if (!action.startsWith(`${context.name}.`)) throw noSuchAction(action);
  const words = action.slice(context.name.length + 1);
  if (words === 'cli.version') return { argv: [params['command'] === '--version' ? '--version' : 'version'] };
  if (words === 'cli.help') return { argv: helpArgv(params) };
  if (words.startsWith('api.') || params['command'] === 'api')
    return { argv: apiArgv(words, params, carried) };
  const found = Object.entries(context.table.commands).find(
    ([name]) => actionName(context.name, name) === action,
  );
  if (!found) throw noSuchAction(action);
  return commandArgv({ name: found[0], command: found[1], params, host: context.host, carried });
}

function noSuchAction(action: string): TurretError {
  return new TurretError('no_such_action', `${JSON.stringify(action)} is not an action of gh`, {
    hints: ['run turret policy show for the actions'],
  });
}

function helpArgv(params: Params): string[] {
  const topic = [params['topic'] ?? []].flat().map(String);
  if (params['command'] === 'help') return ['help', ...topic];
  return params['command'] === 'group' ? topic : [...topic, '--help'];
}

interface CommandWords {
  name: string;
  command: GhCommand;
  params: Params;
  host: string;
  carried: CarriedName;
}

function commandArgv({ name, command, params, host, carried }: CommandWords): RebuiltCall {
  const argv = name.split(' ');
  const positionals = command.positionals ?? [];
  const asStatus = name === 'pr status' && params['branch'] !== undefined;
  const selector = positionals.some(({ kind }) => kind === 'pull') ? 'branch' : undefined;
  const style = repoStyle(command);
  const own = new Set([...positionals.map((positional) => positional.name), 'command']);
  if (selector !== undefined) own.add(selector);
  if (asStatus) own.add('branch');
  const prefix = host === 'github.com' ? '' : `${host}/`;
  for (const [long, flag] of Object.entries(command.flags).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = params[snake(long)];
    if (long === 'repo' && style !== 'search') {
      if (value !== undefined && !asStatus) argv.push(`--repo=${prefix}${scalarText('repo', value)}`);
    } else if (value !== undefined && !own.has(snake(long))) {
      argv.push(...flagWords(long, carryFlag(flag.file, value, carried)));
    }
  }
  checkParams(name, command, params, own);
  for (const positional of positionals) {
    const value = params[positional.name] ?? (positional.kind === 'pull' ? params['branch'] : undefined);
    for (const item of value === undefined ? [] : [value].flat()) {
      if (positional.kind === 'repo') argv.push(`${prefix}${item}`);
      else argv.push(positional.kind === 'file' && item !== '-' ? carried(String(item)) : String(item));
    }
  }
  if (!asStatus) return { argv };
  return {
    argv,
    facts: {
      [FACT.repo]: prefix + scalarText('repo', params['repo']),
      [FACT.branch]: String(params['branch']),
    },
  };
}

function checkParams(name: string, command: GhCommand, params: Params, own: ReadonlySet<string>): void {
  for (const param of Object.keys(params)) {
    if (!own.has(param) && !Object.keys(command.flags).some((long) => snake(long) === param)) {
      throw new TurretError('invalid_params', `gh ${name} has no param ${JSON.stringify(param)}`, {
        hints: [`run gh ${name} --help; params are the long flags`],
      });
    }
  }
}

function scalarText(param: string, value: ParamValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new TurretError('invalid_params', `the param ${param} is not text`, { hints: ['give one value'] });
}

function flagWords(long: string, value: ParamValue): string[] {
  if (Array.isArray(value)) return value.map((item) => `--${long}=${item}`);
  if (value === true) return [`--${long}`];
  return [`--${long}=${value}`];
}

const API_FILES: Record<string, GhFlag['file']> = { field: 'field', input: 'read' };
const API_FLAGS = [
  'field',
  'header',
  'include',
  'input',
  'jq',
  'method',
  'paginate',
  'raw-field',
  'silent',
  'template',
];

function apiArgv(words: string, params: Params, carried: CarriedName): string[] {
  const argv = ['api'];
  for (const long of API_FLAGS) {
    const value = params[snake(long)];
    if (value !== undefined) argv.push(...flagWords(long, carryFlag(API_FILES[long], value, carried)));
  }
  if (words.startsWith('api.graphql_'))
    return [...argv, `--raw-field=query=${scalarText('query', params['query'])}`, 'graphql'];
  const query = [params['query'] ?? []].flat().join('&');
  // Actions of the API by name have no typed method: the action's own word is the method.
  const method = /^api\.(post|put|patch|delete)$/.exec(words)?.[1];
  const implied =
    params['field'] !== undefined || params['raw_field'] !== undefined || params['input'] !== undefined;
  if (method !== undefined && params['method'] === undefined && !(method === 'post' && implied)) {
    argv.push(`--method=${method.toUpperCase()}`);
  }
  return [...argv, scalarText('path', params['path']) + (query === '' ? '' : `?${query}`)];
}

function carryFlag(use: GhFlag['file'], value: ParamValue, carried: CarriedName): ParamValue {
  if (use === undefined || value === '-') return value;
  if (use !== 'field') return carried(String(value));
  return [value].flat().map((item) => {
    const [, key = '', path = ''] = /^([^=]*=@)(.*)$/s.exec(String(item)) ?? [];
    return key === '' || path === '-' ? item : key + carried(path);
  });
}
