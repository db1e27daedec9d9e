import { describe, expect, it } from 'vitest';
import { Signatures } from '../../../src/broker/signatures.js';
import { signingKey, verifyingKey } from '../../../src/crypto/ed25519.js';

const token = signingKey(Buffer.alloc(32, 1));
const real = verifyingKey(token.publicKey);

/** The key, and on which thread it was asked. */
function watched(): { key: typeof real; here: () => number } {
  let here = 0;
  const verify: typeof real.verify = (message, signature) => {
    here += 1;
    return real.verify(message, signature);
  };
  return { key: { ...real, verify }, here: () => here };
}

function signed(key: typeof real, text: string, said = text): Parameters<Signatures['check']>[0] {
  return { key, message: Buffer.from(text), signature: token.sign(Buffer.from(said)) };
}

describe('signatures of calls', () => {
  it('are told apart, the forged from the others, when many wait at the same time', async () => {
    const { key, here } = watched();
    const signatures = new Signatures();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => {
        const call = signed(key, `call ${at}`, at % 7 === 3 ? 'another' : undefined);
        return new Promise((resolve) => {
          signatures.check(call, resolve);
        });
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, at) => at % 7 !== 3));
    expect(here()).toBe(0);
  });

  it('are checked on this thread when one comes alone, the forged too, and never before the caller of check has gone on', async () => {
    const { key, here } = watched();
    const signatures = new Signatures();
    const alone = (call: Parameters<Signatures['check']>[0]): Promise<boolean> =>
      new Promise((resolve) => {
        signatures.check(call, resolve);
        expect(here()).toBe(before);
      });
    let before = 0;
    expect(await alone(signed(key, 'call'))).toBe(true);
    before = 1;
    expect(await alone(signed(key, 'call', 'another'))).toBe(false);
    expect(here()).toBe(2);
  });

  it('of a wrong length hold on no thread', async () => {
    const short = { ...signed(real, 'call'), signature: token.sign(Buffer.from('call')).subarray(1) };
    const answer = new Promise((resolve) => {
      real.verifyLater(short.message, short.signature, resolve);
    });
    expect([real.verify(short.message, short.signature), await answer]).toEqual([false, false]);
  });
});
