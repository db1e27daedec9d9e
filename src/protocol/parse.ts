// From JSON objects of an untrusted peer to the typed messages. Each function returns the value or throws
// TurretError protocol_error; what it returns has the right shape and bounds, and nothing more is known about it.

import { TurretError } from '../errors.js';
import { SIGNALS, type SignalName } from './codes.js';
import {
  ARGV_BYTES_MAX,
  ARGV_ITEMS_MAX,
  CALL_MS_MAX,
  FACT_BYTES_MAX,
  FACTS_MAX,
  FILE_PATH_BYTES_MAX,
  PARAMS_MAX,
} from './limits.js';
import type {
  AgentCall,
  HandoffPlace,
  Json,
  JsonObject,
  Params,
  ParamScalar,
  ParamValue,
  Tty,
} from './messages.js';

const ACTION = /^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+){0,8}$/;
const TOOL = /^[a-z][a-z0-9_.-]{0,63}$/;
/** HANDOFF_NAME_BYTES, HANDOFF_PLACE_BYTES of them a directory, and HANDOFF_TICKET_BYTES spelled in the one way. */
const HANDOFF_NAME = /^[A-Za-z0-9_-]{8}\/[A-Za-z0-9_-]{13}$/;
const HANDOFF_TICKET = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const FACT = /^[A-Za-z][A-Za-z0-9_.*-]{0,63}$/;

/** Without its repeater: `s3.get_object`, up to nine words and 200 characters. */
export function isActionName(name: string): boolean {
  return name.length <= 200 && ACTION.test(name);
}

/** What a shim may be called: `aws`. */
export function isToolName(name: string): boolean {
  return TOOL.test(name);
}

/** CALL of an agent. Unknown keys are ignored: that is how minor versions grow. */
export function parseAgentCall(object: JsonObject): AgentCall {
  const common = {
    ...optional('facts', object['facts'], parseFacts),
    ...optional('tty', object['tty'], parseTty),
    ...optional('handoff', object['handoff'], (value) => value === true),
    ...optional('timeout_ms', object['timeout_ms'], (value) =>
      parseInteger('timeout_ms', value, 1, CALL_MS_MAX),
    ),
  };
  if (object['tool'] !== undefined) {
    if (object['action'] !== undefined) throw bad('a call names a tool or an action, not both');
    const tool = parseText('tool', object['tool'], 64);
    if (!isToolName(tool)) throw bad('tool is not a tool name');
    return { tool, argv: parseArgv(object['argv']), cwd: parsePath('cwd', object['cwd']), ...common };
  }
  const action = parseText('action', object['action'], 200);
  if (!isActionName(action)) throw bad('action is not an action name');
  return {
    action,
    params: parseParams(object['params'] ?? {}),
    ...optional('cwd', object['cwd'], (value) => parsePath('cwd', value)),
    ...common,
  };
}

/** Scalars and lists of scalars, at most PARAMS_MAX of them. Throws TurretError protocol_error. */
export function parseParams(value: Json): Params {
  const object = parseObject('params', value);
  const entries = Object.entries(object);
  if (entries.length > PARAMS_MAX) throw bad('too many params');
  return Object.fromEntries(entries.map(([key, entry]) => [key, parseParamValue(key, entry)]));
}

function parseParamValue(key: string, value: Json): ParamValue {
  if (Array.isArray(value)) return value.map((item) => parseScalar(key, item));
  return parseScalar(key, value);
}

function parseScalar(key: string, value: Json): ParamScalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw bad(`param ${JSON.stringify(key)} is not a scalar or a list of scalars`);
}

function parseArgv(value: Json | undefined): string[] {
  if (!Array.isArray(value)) throw bad('argv is not a list');
  if (value.length > ARGV_ITEMS_MAX) throw bad('argv has too many words');
  let bytes = 0;
  const argv = value.map((word) => {
    if (typeof word !== 'string') throw bad('argv holds something that is not text');
    bytes += Buffer.byteLength(word);
    return word;
  });
  if (bytes > ARGV_BYTES_MAX) throw bad('argv is too long');
  return argv;
}

function parseFacts(value: Json): Record<string, string> {
  const entries = Object.entries(parseObject('facts', value));
  if (entries.length > FACTS_MAX) throw bad('too many facts');
  return Object.fromEntries(
    entries.map(([name, text]) => {
      if (!FACT.test(name)) throw bad('a fact has no proper name');
      return [name, parseText('fact', text, FACT_BYTES_MAX)];
    }),
  );
}

function parseTty(value: Json): Tty {
  const object = parseObject('tty', value);
  return {
    stdin: object['stdin'] === true,
    stdout: object['stdout'] === true,
    stderr: object['stderr'] === true,
    cols: parseInteger('cols', object['cols'] ?? 80, 0, 65_535),
    rows: parseInteger('rows', object['rows'] ?? 24, 0, 65_535),
    color: object['color'] === true,
  };
}

function parsePath(name: string, value: Json | undefined): string {
  const path = parseText(name, value, FILE_PATH_BYTES_MAX);
  if (!path.startsWith('/') || path.includes('\0')) throw bad(`${name} is not an absolute path`);
  return path;
}

/** SIGNAL. Throws TurretError protocol_error for every one that is not passed on. */
export function parseSignal(object: JsonObject): SignalName {
  const signal = SIGNALS.find((name) => name === object['signal']);
  if (signal === undefined) throw bad('unknown signal');
  return signal;
}

/** STATUS of a repeater that hands output over. Nothing in the name leads to another directory. */
export function parseHandoff({ state, name, ticket }: JsonObject): HandoffPlace {
  if (state !== 'handoff') throw bad('a repeater has no other state to tell');
  if (typeof name !== 'string' || !HANDOFF_NAME.test(name)) throw bad('a handoff has no proper name');
  if (typeof ticket !== 'string' || !HANDOFF_TICKET.test(ticket)) throw bad('a handoff has no proper ticket');
  return { name, ticket };
}

/** `name` is for the sentence of the error. Throws TurretError protocol_error, as do the two that follow. */
export function parseObject(name: string, value: Json | undefined): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw bad(`${name} is not an object`);
  return value;
}

/** Text of no more bytes in UTF-8 than that. */
export function parseText(name: string, value: Json | undefined, bytesMax: number): string {
  if (typeof value !== 'string') throw bad(`${name} is not text`);
  if (Buffer.byteLength(value) > bytesMax) throw bad(`${name} is too long`);
  return value;
}

/** An integer from `min` to `max`, both included. */
export function parseInteger(name: string, value: Json | undefined, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw bad(`${name} is not an integer from ${min} to ${max}`);
  }
  return value;
}

function optional<K extends string, T>(
  key: K,
  value: Json | undefined,
  parse: (value: Json) => T,
): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: parse(value) } as { [P in K]?: T });
}

function bad(message: string): TurretError {
  return new TurretError('protocol_error', message);
}
