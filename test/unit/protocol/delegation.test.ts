import { describe, expect, it } from 'vitest';

import { verify } from '../../../src/crypto/ed25519.js';
import { delegationMessage, parseDelegation } from '../../../src/token/delegation.js';
import { bytes, codeOf, vectors } from './vectors.js';

const parent = bytes(vectors.handshake.public_key);
const sid = bytes(vectors.handshake.sid);

describe('a delegation', () => {
  it.each(vectors.delegations)(
    'is taken or refused as the vector says: $name',
    ({ json, signature, valid }) => {
      const text = Buffer.from(json);
      const isSigned = verify(parent, delegationMessage(sid, text), bytes(signature));
      expect(isSigned && codeOf(() => parseDelegation(text)) === undefined).toBe(valid);
    },
  );

  it('is refused for its own mistake, not for its signature, where the mistake is in the text', () => {
    const wrong = vectors.delegations.filter(
      ({ json, signature, valid }) =>
        !valid && verify(parent, delegationMessage(sid, Buffer.from(json)), bytes(signature)),
    );
    expect(wrong.length).toBeGreaterThan(15);
    for (const { json } of wrong)
      expect(codeOf(() => parseDelegation(Buffer.from(json)))).toBe('protocol_error');
  });

  it('says what the vector says', () => {
    const [first] = vectors.delegations;
    expect(parseDelegation(Buffer.from(first?.json ?? ''))).toMatchObject({
      label: 'researcher',
      grants: [{ allow: ['aws.s3.list_*'], where: { bucket: ['team-a-*'] } }],
      maxCalls: 50,
      depth: 1,
    });
  });
});
