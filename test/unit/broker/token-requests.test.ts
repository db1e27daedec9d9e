import { describe, expect, it } from 'vitest';

import { Limiter } from '../../../src/broker/limiter.js';
import { PeerCheck } from '../../../src/broker/peer-check.js';
import type { Recorder } from '../../../src/broker/recorder.js';
import { TokenRequests } from '../../../src/broker/token-requests.js';
import { CONTROL_BYTES_MAX, TOKEN_CHILDREN_MAX } from '../../../src/protocol/limits.js';
import { policyOf } from '../policy/samples.js';
import { child, ring } from './delegated.js';

describe('a list of tokens', () => {
  it('fits an answer however much its holders wrote, with the living first and the rest counted', () => {
    const { keys, root } = ring();
    const requests = new TokenRequests({
      keys,
      peers: new PeerCheck(),
      limiter: new Limiter(policyOf(), [], () => 0),
      recorder: {} as Recorder,
      monotonicMs: () => 0,
      revoke: () => ({ revoked: 0, cancelled: 0 }),
    });
    const grants = [{ allow: ['aws.**'], where: { text: Array.from({ length: 15 }, () => 'x'.repeat(1_000)) } }];
    const made = Array.from({ length: TOKEN_CHILDREN_MAX }, (_, index) => child(keys, root, 0, index + 1, { grants }));
    keys.revoke(made.slice(0, 60));
    const list = requests.list(() => true) as { tokens: { kid: string }[]; more: number };
    expect(Buffer.byteLength(JSON.stringify(list))).toBeLessThan(CONTROL_BYTES_MAX);
    expect(list.tokens.slice(0, 5).map(({ kid }) => kid)).toEqual([root, ...made.slice(60)].map(({ kid }) => kid));
    expect(list.tokens.length + list.more).toBe(TOKEN_CHILDREN_MAX + 1);
    expect(list.more).toBeGreaterThan(50);
  }); // prettier-ignore
});
