// Checks of flow control, both ways and both at once.

import { CHANNEL } from '../../../src/protocol/codes.js';
import { WINDOW_BYTES } from '../../../src/protocol/limits.js';
import { BEYOND_ONE_WINDOW, type Check, ping, planned } from './bench.js';
import { Conversation } from './conversation.js';
import { declaredActions, echoCall } from './plan.js';
import { Misbehaviour } from './subject.js';

export const stdinCredit: Check = {
  id: 'stdin-credit',
  claim: 'stdin is taken, and credit given back for what was taken',
  async run(bench) {
    const call = planned(bench).find(({ stdin }) => stdin);
    if (call === undefined) return 'no callable action reads stdin';
    const conversation = new Conversation(bench.subject, 2);
    conversation.call(bench.name, call);
    const bytes = Buffer.alloc(BEYOND_ONE_WINDOW, 'conformance!');
    for (let at = 0; at < bytes.length && conversation.end === undefined;) {
      const size = Math.min(65_536, conversation.allowance(CHANNEL.STDIN), bytes.length - at);
      if (size === 0) await conversation.step();
      else conversation.data(CHANNEL.STDIN, bytes.subarray(at, at + size), at + size === bytes.length);
      at += size;
    }
    await conversation.untilEnd();
    const out = conversation.bytes(CHANNEL.STDOUT);
    if (call.action === 'cat' && !out.equals(bytes))
      throw new Misbehaviour(`cat of ${bytes.length} bytes gives ${out.length} bytes, or others`);
    return undefined;
  },
};

// The reader of our input waits for the reader of its output: all credit is used up on both sides, and nothing may be
// forgotten when the output moves again.
export const slowReader: Check = {
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
    if (!out.equals(bytes))
      throw new Misbehaviour(`cat of ${bytes.length} bytes gives ${out.length} bytes, or others`);
    return undefined;
  },
};

export const stdoutCredit: Check = {
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
    if (got() !== BEYOND_ONE_WINDOW)
      throw new Misbehaviour(`flood of ${BEYOND_ONE_WINDOW} bytes gives ${got()}`);
    return undefined;
  },
};
