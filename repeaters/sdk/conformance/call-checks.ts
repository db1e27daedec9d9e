// Checks of whole calls: their actions, their one END, and how they are taken back.

import { CHANNEL, FRAME } from '../../../src/protocol/codes.js';
import { CANCEL_GRACE_MS, CLOSE_MS_MAX } from '../../../src/protocol/limits.js';
import { type Bench, type Check, NOTHING_TO_CALL, ping, planned } from './bench.js';
import { Conversation } from './conversation.js';
import { declaredActions, echoCall, isObject } from './plan.js';
import { Misbehaviour } from './subject.js';

async function callAll(
  bench: Bench,
  each: (conversation: Conversation) => void,
): Promise<string | undefined> {
  const calls = planned(bench);
  for (const [index, call] of calls.entries()) {
    const conversation = new Conversation(bench.subject, 2 + 2 * index);
    conversation.call(bench.name, call);
    if (call.stdin) conversation.data(CHANNEL.STDIN, Buffer.from('conformance\n'), true);
    await conversation.untilEnd();
    each(conversation);
  }
  return calls.length === 0 ? NOTHING_TO_CALL : undefined;
}

export const performs: Check = {
  id: 'calls',
  claim: 'declared actions can be called',
  run: (bench) =>
    callAll(bench, ({ end }) => {
      if (end?.['ok'] !== true)
        throw new Misbehaviour(`a declared action ends in ${JSON.stringify(end?.['error'])}`);
    }),
};

export const finBeforeEnd: Check = {
  id: 'fin',
  claim: 'stdout and stderr are finished before END',
  run: (bench) =>
    callAll(bench, ({ end, finished }) => {
      if (end?.['ok'] !== true) return;
      for (const channel of [CHANNEL.STDOUT, CHANNEL.STDERR]) {
        if (!finished.has(channel))
          throw new Misbehaviour(
            `END without FIN on channel ${channel}: a reader cannot know it has everything`,
          );
      }
    }),
};

export const oneEnd: Check = {
  id: 'one-end',
  claim: 'a call has exactly one END and nothing after it',
  async run(bench) {
    const { subject } = bench;
    const skipped = await callAll(bench, () => {});
    await ping(subject);
    subject.hangUp();
    await subject.within(subject.closed, CLOSE_MS_MAX);
    const late = await subject
      .next('', (frame) => frame.stream !== 0 && frame.type < 0x80, 0)
      .catch(() => undefined);
    if (late !== undefined)
      throw new Misbehaviour(`frame 0x${late.type.toString(16)} after the END of its call`);
    return skipped;
  },
};

export const interleaves: Check = {
  id: 'two-calls',
  claim: 'two calls at once both end, each on its own stream',
  async run(bench) {
    const [call] = planned(bench);
    if (call === undefined) return NOTHING_TO_CALL;
    const both = [2, 4].map((stream) => new Conversation(bench.subject, stream));
    for (const conversation of both) conversation.call(bench.name, call);
    for (const conversation of both) if (call.stdin) conversation.data(CHANNEL.STDIN, Buffer.alloc(0), true);
    for (const conversation of both) await conversation.untilEnd();
    return undefined;
  },
};

export const cancels: Check = {
  id: 'cancel',
  claim: 'CANCEL is answered with END in time',
  async run(bench) {
    const { subject, name } = bench;
    const slow = echoCall(declaredActions(subject.register), 'slow', 'ms', 600_000);
    const call = slow ?? planned(bench)[0];
    if (call === undefined) return NOTHING_TO_CALL;
    const conversation = new Conversation(subject, 2);
    conversation.call(name, call);
    await ping(subject);
    subject.control(FRAME.CANCEL, 2, { reason: 'conformance' });
    const cancelledAt = performance.now();
    const end = await conversation.untilEnd();
    if (performance.now() - cancelledAt > CANCEL_GRACE_MS)
      throw new Misbehaviour('END comes after the grace of a cancelled call');
    const error = isObject(end['error']) ? end['error'] : {};
    if (slow !== undefined && error['name'] !== 'cancelled')
      throw new Misbehaviour('a cancelled call does not end in the error cancelled');
    // A call that is over can still be cancelled by somebody who does not know yet.
    subject.control(FRAME.CANCEL, 2, { reason: 'conformance' });
    await ping(subject);
    return undefined;
  },
};

export const refusesUnknownAction: Check = {
  id: 'unknown-action',
  claim: 'an action it did not declare is refused',
  async run({ subject, name }) {
    const conversation = new Conversation(subject, 2);
    conversation.call(name, { action: 'conformance.no_such_action', params: {}, stdin: false });
    const end = await conversation.untilEnd();
    if (end['ok'] === true) throw new Misbehaviour('it performed an action that it did not declare');
    return undefined;
  },
};
