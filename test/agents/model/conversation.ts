// What every model API comes to: a conversation with tools comes in, one reply goes out.

import type { JsonObject } from '../../../src/protocol/messages.js';

export interface Tool {
  readonly name: string;
  /** JSON schema of its arguments. */
  readonly parameters: JsonObject;
}

export interface Conversation {
  readonly model: string;
  readonly stream: boolean;
  readonly tools: readonly Tool[];
  /** What the tools have answered so far, in order. */
  readonly results: readonly string[];
}

export interface ToolCall {
  readonly tool: string;
  readonly input: JsonObject;
}
export type Reply = { readonly say: string } | ToolCall;

export interface StreamEvent {
  /** Of the `event:` line, where the API has one. */
  readonly name?: string;
  readonly data: object | string;
}

/** One API: how a request is read and a reply written. `id` is new for each reply. */
export interface Dialect {
  readonly path: RegExp;
  read(body: JsonObject, path: string): Conversation;
  document(reply: Reply, asked: Conversation, id: number): object;
  events(reply: Reply, asked: Conversation, id: number): StreamEvent[];
}

/** Plain text of a message or a tool's answer, which every API nests in a way of its own. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plainText).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { text, output, content } = value as Record<string, unknown>;
  return plainText(text ?? output ?? content);
}

/** The objects of a list that may not be there. */
export function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}
