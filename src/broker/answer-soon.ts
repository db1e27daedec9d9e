// A request that the broker answers by itself: no phases, no output, one END.

import type { JsonObject } from '../protocol/messages.js';
import { errorToWire } from '../wire/wire-errors.js';
import type { AgentConnection } from './agent-connection.js';
import type { CallStream } from './context.js';

type Answer = () => JsonObject | Promise<JsonObject>;

/** Answers when the stream is there to be answered on. */
export function answerSoon(connection: AgentConnection, stream: number, answer: Answer): CallStream {
  queueMicrotask(() => void reply(connection, stream, answer));
  return { frame: () => {}, abandon: () => {}, cut: () => {} };
}

async function reply(connection: AgentConnection, stream: number, answer: Answer): Promise<void> {
  try {
    connection.end(stream, { ok: true, exit: 0, result: await answer() });
  } catch (error) {
    connection.end(stream, { ok: false, error: errorToWire(error) });
  }
}
