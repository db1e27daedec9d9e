// What the model says when: a list of commands, one after the other, then a sentence. The step is the number of answers of
// tools that are in the request, so a request that is sent again, or beside it for a title, changes nothing.

import type { JsonObject } from '../../../src/protocol/messages.js';
import { type Conversation, type Reply, type Tool, plainText } from './conversation.js';

export interface Script {
  /** The agent's tool that runs a shell command. */
  readonly shell: string;
  readonly commands: readonly string[];
  readonly end: string;
}

/** Long enough for a slow machine: an agent that hands back a command that still runs has not got its output. */
const WAIT_MS = 60_000;
const COMMAND = ['command', 'cmd'];
const WAITS: Record<string, number> = { yield_time_ms: WAIT_MS, initial_wait: WAIT_MS / 1_000 };

export function replyTo({ tools, results }: Conversation, { shell, commands, end }: Script): Reply {
  const tool = tools.find(({ name }) => name === shell);
  // A request beside the conversation: a title, a summary.
  if (tool === undefined) return { say: 'ok' };
  const command = commands[results.length];
  return command === undefined ? { say: end } : { tool: shell, input: inputFor(tool, command) };
}

/** Arguments that satisfy the tool's own schema. */
function inputFor({ parameters }: Tool, command: string): JsonObject {
  const properties = (parameters['properties'] ?? {}) as Record<string, JsonObject>;
  const required = (parameters['required'] ?? []) as string[];
  const input: JsonObject = {};
  for (const [name, schema] of Object.entries(properties)) {
    if (COMMAND.includes(name)) input[name] = command;
    else if (WAITS[name] !== undefined) input[name] = WAITS[name];
    else if (required.includes(name)) input[name] = someValue(schema);
  }
  return input;
}

function someValue({ type, enum: words }: JsonObject): JsonObject[string] {
  if (Array.isArray(words)) return words[0] ?? '';
  const kind = plainText(Array.isArray(type) ? type[0] : type).toLowerCase();
  if (kind === 'boolean') return false;
  return kind === 'integer' || kind === 'number' ? WAIT_MS : 'as the script says';
}
