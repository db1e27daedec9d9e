// What a repeater must do, one check each, every one on a fresh process. A check throws Misbehaviour, or returns why it
// could not be made; returning nothing is passing.

import { CHANNEL, FLAG, FRAME } from '../../../src/protocol/codes.js';
import { CANCEL_GRACE_MS, CLOSE_MS_MAX, CONTROL_BYTES_MAX, WINDOW_BYTES } from '../../../src/protocol/limits.js';
import type { JsonObject, Params } from '../../../src/protocol/messages.js';
import { Conversation, type Planned } from './conversation.js';
import { declaredActions, echoCall, isObject, plannedCalls } from './plan.js';
import { Misbehaviour, type Subject } from './subject.js';

export interface Bench {
  subject: Subject;
  /** Its configured name. */
  name: string;
  /** Calls asked for by hand. */
  asked: readonly { action: string; params: Params }[];
  /** What is wrong with a schema of params, if anything. */
  schemaProblem(schema: JsonObject): string | undefined;
}
export interface Check {
  id: string;
  claim: string;
  run(bench: Bench): Promise<string | undefined>;
}

const NOTHING_TO_CALL = 'no read-only action to call: name one with --call "action key=value"';
const BEYOND_ONE_WINDOW = 2 * WINDOW_BYTES + 12_345;

function planned({ subject, asked }: Bench): Planned[] {
  // A flood or a wait of the echo set is for the checks that are made for it.
  return plannedCalls(declaredActions(subject.register), asked);
}

async function callAll(bench: Bench, each: (conversation: Conversation) => void): Promise<string | undefined> {
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

async function ping(subject: Subject, text = 'turretOK'): Promise<void> {
  const payload = Buffer.from(text);
  subject.send({ type: FRAME.PING, payload });
  const answer = await subject.next('answer to PING', (frame) => frame.type === FRAME.PING);
  if ((answer.flags & FLAG.ACK) === 0) throw new Misbehaviour('it answers PING without ACK');
  if (!payload.equals(answer.payload)) throw new Misbehaviour('it answers PING with other bytes');
}

const registers: Check = {
  id: 'registers',
  claim: 'HELLO and REGISTER have the right shape',
  async run({ subject, name, schemaProblem }) {
    const { hello, register } = subject;
    if (hello['role'] !== 'repeater') throw new Misbehaviour('the role in HELLO is not repeater');
    if (!Array.isArray(hello['versions']) || !hello['versions'].includes(1)) throw new Misbehaviour('HELLO does not offer version 1');
    if (Buffer.from(String(hello['nonce'] ?? ''), 'base64url').length !== 32) throw new Misbehaviour('the nonce in HELLO is not 32 bytes in base64url');
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
      const problem = params === undefined ? undefined : isObject(params) ? schemaProblem(params) : 'not an object';
      if (problem !== undefined) throw new Misbehaviour(`the params of ${words}: ${problem}`);
    }
    return undefined;
  },
};

const answersPing: Check = {
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

const toleratesGrease: Check = {
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

const performs: Check = {
  id: 'calls',
  claim: 'declared actions can be called',
  run: (bench) =>
    callAll(bench, ({ end }) => {
      if (end?.['ok'] !== true) throw new Misbehaviour(`a declared action ends in ${JSON.stringify(end?.['error'])}`);
    }),
};

const finBeforeEnd: Check = {
  id: 'fin',
  claim: 'stdout and stderr are finished before END',
  run: (bench) =>
    callAll(bench, ({ end, finished }) => {
      if (end?.['ok'] !== true) return;
      for (const channel of [CHANNEL.STDOUT, CHANNEL.STDERR]) {
        if (!finished.has(channel)) throw new Misbehaviour(`END without FIN on channel ${channel}: a reader cannot know it has everything`);
      }
    }),
};

const oneEnd: Check = {
  id: 'one-end',
  claim: 'a call has exactly one END and nothing after it',
  async run(bench) {
    const { subject } = bench;
    const skipped = await callAll(bench, () => {});
    await ping(subject);
    subject.hangUp();
    await subject.within(subject.closed, CLOSE_MS_MAX);
    const late = await subject.next('', (frame) => frame.stream !== 0 && frame.type < 0x80, 0).catch(() => undefined);
    if (late !== undefined) throw new Misbehaviour(`frame 0x${late.type.toString(16)} after the END of its call`);
    return skipped;
  },
};

const stdinCredit: Check = {
  id: 'stdin-credit',
  claim: 'stdin is taken, and credit given back for what was taken',
  async run(bench) {
    const call = planned(bench).find(({ stdin }) => stdin);
    if (call === undefined) return 'no callable action reads stdin';
    const conversation = new Conversation(bench.subject, 2);
    conversation.call(bench.name, call);
    const bytes = Buffer.alloc(BEYOND_ONE_WINDOW, 'conformance!');
    for (let at = 0; at < bytes.length && conversation.end === undefined; ) {
      const size = Math.min(65_536, conversation.allowance(CHANNEL.STDIN), bytes.length - at);
      if (size === 0) await conversation.step();
      else conversation.data(CHANNEL.STDIN, bytes.subarray(at, at + size), at + size === bytes.length);
      at += size;
    }
    await conversation.untilEnd();
    const out = conversation.bytes(CHANNEL.STDOUT);
    if (call.action === 'cat' && !out.equals(bytes)) throw new Misbehaviour(`cat of ${bytes.length} bytes gives ${out.length} bytes, or others`);
    return undefined;
  },
};

// The reader of our input waits for the reader of its output: all credit is used up on both sides, and nothing may be
// forgotten when the output moves again.
const slowReader: Check = {
  id: 'slow-reader',
  claim: 'input goes on after its output had to wait',
  async run(bench) {
    const { subject, name } = bench;
    const call = planned(bench).find(({ action, stdin }) => stdin && action === 'cat');
    if (call === undefined) return 'no read-only action cat as in the echo repeaters';
    const conversation = new Conversation(subject, 2);
    conversation.refill = false;
    conversation.call(name, call);
    const bytes = Buffer.alloc(8 * WINDOW_BYTES, 'conformance!');
    let sent = 0;
    const sendAllowed = (): void => {
      while (conversation.allowance(CHANNEL.STDIN) > 0 && sent < bytes.length) {
        const part = bytes.subarray(sent, sent + Math.min(65_536, conversation.allowance(CHANNEL.STDIN)));
        sent += part.length;
        conversation.data(CHANNEL.STDIN, part, sent === bytes.length);
      }
    };
    sendAllowed();
    while (conversation.bytes(CHANNEL.STDOUT).length < WINDOW_BYTES) {
      await conversation.step();
      sendAllowed();
    }
    do {
      sendAllowed();
      await ping(subject);
      conversation.catchUp();
    } while (conversation.allowance(CHANNEL.STDIN) > 0 && sent < bytes.length);
    conversation.refill = true;
    conversation.give(CHANNEL.STDOUT, WINDOW_BYTES);
    while (conversation.end === undefined) {
      sendAllowed();
      await conversation.step();
    }
    const out = conversation.bytes(CHANNEL.STDOUT);
    if (!out.equals(bytes)) throw new Misbehaviour(`cat of ${bytes.length} bytes gives ${out.length} bytes, or others`);
    return undefined;
  },
};

const stdoutCredit: Check = {
  id: 'stdout-credit',
  claim: 'no byte is sent without credit, and all credit is used',
  async run({ subject, name }) {
    const call = echoCall(declaredActions(subject.register), 'flood', 'bytes', BEYOND_ONE_WINDOW);
    if (call === undefined) return 'no read-only action flood {bytes} as in the echo repeaters';
    const conversation = new Conversation(subject, 2);
    conversation.refill = false;
    conversation.call(name, call);
    const got = (): number => conversation.bytes(CHANNEL.STDOUT).length;
    await conversation.until(() => got() >= WINDOW_BYTES);
    for (let round = 0; round < 3; round += 1) await ping(subject);
    conversation.give(CHANNEL.STDOUT, 1_000);
    await conversation.until(() => got() >= WINDOW_BYTES + 1_000);
    await ping(subject);
    conversation.refill = true;
    conversation.give(CHANNEL.STDOUT, WINDOW_BYTES);
    await conversation.untilEnd();
    if (got() !== BEYOND_ONE_WINDOW) throw new Misbehaviour(`flood of ${BEYOND_ONE_WINDOW} bytes gives ${got()}`);
    return undefined;
  },
};

const cancels: Check = {
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
    if (performance.now() - cancelledAt > CANCEL_GRACE_MS) throw new Misbehaviour('END comes after the grace of a cancelled call');
    const error = isObject(end['error']) ? end['error'] : {};
    if (slow !== undefined && error['name'] !== 'cancelled') throw new Misbehaviour('a cancelled call does not end in the error cancelled');
    // A call that is over can still be cancelled by somebody who does not know yet.
    subject.control(FRAME.CANCEL, 2, { reason: 'conformance' });
    await ping(subject);
    return undefined;
  },
};

const interleaves: Check = {
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

const refusesUnknownAction: Check = {
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

function refusesBytes(id: string, claim: string, header: string): Check {
  return {
    id,
    claim,
    async run({ subject }) {
      subject.sendRaw(Buffer.from(header, 'hex'));
      // What it does not refuse, it answers behind: the frame after the bad one must not be heard.
      subject.send({ type: FRAME.PING, payload: Buffer.from('after it') });
      const heard = await Promise.race([
        subject.next('FATAL', (frame) => frame.type === FRAME.FATAL || frame.type === FRAME.PING).catch((error: unknown) => {
          if (error instanceof Misbehaviour && error.message.includes('closed fd 3')) return undefined;
          throw error;
        }),
        subject.exited.then(() => undefined),
      ]);
      if (heard?.type === FRAME.PING) throw new Misbehaviour('it goes on after a frame that must end the connection');
      return undefined;
    },
  };
}

const OVERSIZED = `01110000${'00000000'}${(CONTROL_BYTES_MAX + 1).toString(16).padStart(8, '0')}`;
const refusesOversized = refusesBytes('oversized', 'a frame over the limit of its type ends the connection', OVERSIZED);
const refusesUnknownFrame = refusesBytes('unknown-frame', 'an unknown critical frame ends the connection', '017e00000000000000000000');

const exits: Check = {
  id: 'exits',
  claim: `the process ends within ${CLOSE_MS_MAX} ms when fd 3 closes, calls or not`,
  async run({ subject, name }) {
    const slow = echoCall(declaredActions(subject.register), 'slow', 'ms', 600_000);
    if (slow !== undefined) new Conversation(subject, 2).call(name, slow);
    await ping(subject);
    subject.hangUp();
    if (!(await subject.within(subject.exited, CLOSE_MS_MAX))) throw new Misbehaviour('it lives on without a broker');
    return undefined;
  },
};

/** In the order of the table. */
export const CHECKS: readonly Check[] = [
  registers,
  answersPing,
  toleratesGrease,
  performs,
  interleaves,
  finBeforeEnd,
  oneEnd,
  stdinCredit,
  stdoutCredit,
  slowReader,
  cancels,
  refusesUnknownAction,
  refusesOversized,
  refusesUnknownFrame,
  exits,
];
