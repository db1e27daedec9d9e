// Command lines of a tool that a manifest declares, by one fixed grammar: the words of an action, then its params as long
// options. `deploy service --name web` is `deploy.service` with name "web". What does not fit is refused, never guessed.

import { TurretError } from '../../src/errors.js';
import {
  CAUTIOUS,
  type AgentCall,
  type JsonObject,
  type ParamScalar,
  type Params,
  type RegisteredAction,
  type ResolveResult,
} from '../../src/protocol/messages.js';

export interface Registered {
  /** First word of every action. */
  name: string;
  tools: readonly string[];
  actions: readonly RegisteredAction[];
}

/** Throws TurretError unresolvable or no_such_action. */
export function resolveRequest(call: AgentCall, registered: Registered): ResolveResult {
  if ('action' in call) {
    const prefix = `${registered.name}.`;
    return capabilityOf(
      call.action.startsWith(prefix) ? call.action.slice(prefix.length) : '',
      call.params,
      registered,
    );
  }
  if (!registered.tools.includes(call.tool)) throw refused(`"${call.tool}" is not served here`, registered);
  const options = call.argv.findIndex((word) => word.startsWith('-'));
  const words = options < 0 ? call.argv : call.argv.slice(0, options);
  const action = registered.actions.find(({ name }) =>
    [words.join('.'), [call.tool, ...words].join('.')].includes(name),
  );
  if (action === undefined) throw refused(`"${[call.tool, ...words].join(' ')}" is no action`, registered);
  return capabilityOf(action.name, readOptions(call.argv.slice(words.length), action), registered);
}

function capabilityOf(name: string, params: Params, registered: Registered): ResolveResult {
  const action = registered.actions.find((candidate) => candidate.name === name);
  if (action === undefined)
    throw new TurretError('no_such_action', 'there is no such action', { hints: [offer(registered)] });
  const annotations = { ...CAUTIOUS, ...action.annotations };
  const capability = { action: `${registered.name}.${name}`, params, annotations };
  return { capabilities: [capability], needs: { stdin: action.stdin === true, files: [] } };
}

function readOptions(words: readonly string[], action: RegisteredAction): Params {
  const properties = (action.params?.['properties'] ?? {}) as Record<string, JsonObject>;
  const params = new Map<string, ParamScalar | ParamScalar[]>();
  for (let at = 0; at < words.length; at += 1) {
    const match = /^--([a-z][a-z0-9-]*)(?:=([^]*))?$/.exec(words[at] ?? '');
    const key = match?.[1]?.replaceAll('-', '_') ?? '';
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (schema === undefined)
      throw new TurretError(
        'unresolvable',
        `${JSON.stringify(words[at])} is not an option of ${action.name}`,
        { hints: [usage(action)] },
      );
    const list = schema['type'] === 'array';
    if (params.has(key) && !list) throw new TurretError('unresolvable', `--${match?.[1]} is given twice`);
    const type = (list ? (schema['items'] as JsonObject | undefined) : schema)?.['type'];
    let text = match?.[2];
    if (text === undefined && type !== 'boolean') {
      at += 1;
      text = words[at];
    }
    const value = scalarOf(text, type, key);
    params.set(key, list ? [...((params.get(key) ?? []) as ParamScalar[]), value] : value);
  }
  return Object.fromEntries(params);
}

function scalarOf(text: string | undefined, type: unknown, key: string): ParamScalar {
  if (type === 'boolean' && (text === undefined || text === 'true' || text === 'false'))
    return text !== 'false';
  if (text === undefined) throw new TurretError('unresolvable', `--${key} has no value`);
  if (type === 'string') return text;
  const number = Number(text);
  const plain = /^-?[0-9]+(?:\.[0-9]+)?$/.test(text);
  // The wire carries no other numbers: one of them would cost the repeater its connection.
  const exact = Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number));
  if ((type === 'integer' || type === 'number') && plain && exact) return number;
  throw new TurretError('unresolvable', `the value of --${key} is not of type ${String(type)}`);
}

function usage({ name, params }: RegisteredAction): string {
  const options = Object.keys((params?.['properties'] ?? {}) as JsonObject).map(
    (key) => `--${key.replaceAll('_', '-')}`,
  );
  return options.length === 0 ? `${name} takes no options` : `${name} takes ${options.join(', ')}`;
}

function offer({ actions }: Registered): string {
  return `there is: ${actions.map(({ name }) => name).join(', ')}`;
}

function refused(message: string, registered: Registered): TurretError {
  return new TurretError('unresolvable', message, { hints: [offer(registered)] });
}
