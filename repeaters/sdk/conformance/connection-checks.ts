// Checks of the connection: the greeting, frames nobody expects, and the end.

import { CHANNEL, FLAG, FRAME } from '../../../src/protocol/codes.js';
import { CLOSE_MS_MAX, CONTROL_BYTES_MAX } from '../../../src/protocol/limits.js';
import { type Check, ping, planned } from './bench.js';
import { Conversation } from './conversation.js';
import { declaredActions, echoCall, isObject } from './plan.js';
import { Misbehaviour } from './subject.js';

export const registers: Check = {
  id: 'registers',
  claim: 'HELLO and REGISTER have the right shape',
  async run({ subject, name, schemaProblem }) {
    const { hello, register } = subject;
    const { nonce } = hello;
    if (hello['role'] !== 'repeater') throw new Misbehaviour('the role in HELLO is not repeater');
    if (!Array.isArray(hello['versions']) || !hello['versions'].includes(1))
      throw new Misbehaviour('HELLO does not offer version 1');
    if (typeof nonce !== 'string' || Buffer.from(nonce, 'base64url').length !== 32)
      throw new Misbehaviour('the nonce in HELLO is not 32 bytes in base64url');
    if (register['repeater'] !== name) throw new Misbehaviour('REGISTER is not under the configured name');
    for (const key of ['version', 'kind']) {
      if (typeof register[key] !== 'string') throw new Misbehaviour(`${key} in REGISTER is not text`);
    }
    const { actions } = register;
    if (!Array.isArray(actions) || actions.length === 0) throw new Misbehaviour('REGISTER has no actions');
    const names = new Set<string>();
    for (const action of actions) {
      if (!isObject(action)) throw new Misbehaviour('an action that is not an object');
      const { name: words, params } = action;
      if (typeof words !== 'string' || !/^[a-z0-9_]+(?:\.[a-z0-9_]+)*(?:\.\*\*)?$|^\*\*$/.test(words)) {
        throw new Misbehaviour(`${JSON.stringify(words)} is not the name of an action`);
      }
      if (names.has(words)) throw new Misbehaviour(`the action ${words} is registered twice`);
      names.add(words);
      const problem =
        params === undefined ? undefined : isObject(params) ? schemaProblem(params) : 'not an object';
      if (problem !== undefined) throw new Misbehaviour(`the params of ${words}: ${problem}`);
    }
    return undefined;
  },
};

export const answersPing: Check = {
  id: 'ping',
  claim: 'PING is answered with the same bytes and ACK',
  async run({ subject }) {
    await ping(subject, 'firstOne');
    // An answer is no question: were it answered, two peers would never stop.
    subject.send({ type: FRAME.PING, flags: FLAG.ACK, payload: Buffer.from('anAnswer') });
    await ping(subject, 'theOther');
    return undefined;
  },
};

export const toleratesGrease: Check = {
  id: 'grease',
  claim: 'ignorable frames it does not know are skipped',
  async run(bench) {
    const { subject, name } = bench;
    const grease = (stream: number): void => {
      for (const type of [FRAME.GREASE, 0xb7, 0xff]) {
        subject.send({ type, flags: 0xf8, channel: 200, stream, payload: Buffer.from('{"not json') });
      }
    };
    grease(0);
    await ping(subject);
    const [call] = planned(bench);
    if (call === undefined) return undefined;
    const conversation = new Conversation(subject, 2);
    conversation.call(name, call);
    grease(2);
    if (call.stdin) conversation.data(CHANNEL.STDIN, Buffer.alloc(0), true);
    await conversation.untilEnd();
    return undefined;
  },
};

function refusesBytes(id: string, claim: string, header: string): Check {
  return {
    id,
    claim,
    async run({ subject }) {
      subject.sendRaw(Buffer.from(header, 'hex'));
      // What it does not refuse, it answers behind: the frame after the bad one must not be heard.
      subject.send({ type: FRAME.PING, payload: Buffer.from('after it') });
      const heard = await Promise.race([
        subject
          .next('FATAL', (frame) => frame.type === FRAME.FATAL || frame.type === FRAME.PING)
          .catch((error: unknown) => {
            if (error instanceof Misbehaviour && error.message.includes('closed fd 3')) return undefined;
            throw error;
          }),
        subject.exited.then(() => undefined),
      ]);
      if (heard?.type === FRAME.PING)
        throw new Misbehaviour('it goes on after a frame that must end the connection');
      return undefined;
    },
  };
}

const OVERSIZED = `0111000000000000${(CONTROL_BYTES_MAX + 1).toString(16).padStart(8, '0')}`;

export const refusesOversized = refusesBytes(
  'oversized',
  'a frame over the limit of its type ends the connection',
  OVERSIZED,
);

export const refusesUnknownFrame = refusesBytes(
  'unknown-frame',
  'an unknown critical frame ends the connection',
  '017e00000000000000000000',
);

export const exits: Check = {
  id: 'exits',
  claim: `the process ends within ${CLOSE_MS_MAX} ms when fd 3 closes, calls or not`,
  async run({ subject, name }) {
    const slow = echoCall(declaredActions(subject.register), 'slow', 'ms', 600_000);
    if (slow !== undefined) new Conversation(subject, 2).call(name, slow);
    await ping(subject);
    subject.hangUp();
    if (!(await subject.within(subject.exited, CLOSE_MS_MAX)))
      throw new Misbehaviour('it lives on without a broker');
    return undefined;
  },
};
