// What every check has at hand.

import { FLAG, FRAME } from '../../../src/protocol/codes.js';
import { WINDOW_BYTES } from '../../../src/protocol/limits.js';
import type { JsonObject, Params } from '../../../src/protocol/messages.js';
import type { Planned } from './conversation.js';
import { declaredActions, plannedCalls } from './plan.js';
import { Misbehaviour, type Subject } from './subject.js';

export interface Bench {
  subject: Subject;
  /** Its configured name. */
  name: string;
  /** Calls asked for by hand. */
  asked: readonly { action: string; params: Params }[];
  /** What is wrong with a schema of params, if anything. */
  schemaProblem: (schema: JsonObject) => string | undefined;
}
export interface Check {
  id: string;
  claim: string;
  /** Throws Misbehaviour, or returns why it could not be made; returning nothing is passing. */
  run: (bench: Bench) => Promise<string | undefined>;
}

export const NOTHING_TO_CALL = 'no read-only action to call: name one with --call "action key=value"';
export const BEYOND_ONE_WINDOW = 2 * WINDOW_BYTES + 12_345;

/** Calls that may be made of it. */
export function planned({ subject, asked }: Bench): Planned[] {
  return plannedCalls(declaredActions(subject.register), asked);
}

/** Once there and back: everything sent before it has been read. Throws Misbehaviour. */
export async function ping(subject: Subject, text = 'turretOK'): Promise<void> {
  const payload = Buffer.from(text);
  subject.send({ type: FRAME.PING, payload });
  const answer = await subject.next('answer to PING', (frame) => frame.type === FRAME.PING);
  if ((answer.flags & FLAG.ACK) === 0) throw new Misbehaviour('it answers PING without ACK');
  if (!payload.equals(answer.payload)) throw new Misbehaviour('it answers PING with other bytes');
}
