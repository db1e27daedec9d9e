// What a token's holder may sign away, and what must not come of it. The holder is an agent that knows the protocol.

import { describe, expect, it } from 'vitest';

import { lineage } from '../../../src/broker/keys.js';
import { TOKEN_CHILDREN_MAX, TOKEN_DEPTH_MAX } from '../../../src/protocol/limits.js';
import { toBase64url } from '../../../src/wire/handshake.js';
import { codeOf } from '../protocol/vectors.js';
import { SESSION_MS, WALL_MS, child, delegation, keyNumber, kidNumber, ring } from './delegated.js';

describe('a delegation', () => {
  it('makes a key known, with its parent and its end', () => {
    const { keys, root } = ring();
    const made = keys.delegate(root, delegation(1), WALL_MS);
    expect(keys.find(kidNumber(1))).toBe(made);
    expect(made).toMatchObject({ kind: 'child', label: 'child-1', depth: 1, expiresAtMs: 60_000 });
    expect(lineage(made)).toEqual([made, root]);
  });

  it.each([
    ['signed by another key', delegation(1, {}, { by: keyNumber(9) }), 'unauthenticated'],
    ['signed by the child itself', delegation(1, {}, { by: keyNumber(1) }), 'unauthenticated'],
    ['for another session', delegation(1, {}, { sid: Buffer.alloc(10, 8) }), 'unauthenticated'],
    ['that outlives its parent', delegation(1, { not_after: WALL_MS + SESSION_MS + 1 }), 'denied'],
    ['that is over', delegation(1, { not_after: WALL_MS }), 'denied'],
    ['of another depth', delegation(1, { depth: 2 }), 'denied'],
    ['for the key that signs it', delegation(0), 'denied'],
    ['for a small-order key', delegation(1, { child_pub: toBase64url(Buffer.alloc(32)) }), 'protocol_error'],
    ['with a key nobody knows', delegation(1, { unless: true }), 'protocol_error'],
    ['with a pattern that is none', delegation(1, { grants: [{ allow: ['aws.[a]'] }] }), 'invalid_params'],
    ['on an annotation nobody knows', delegation(1, { grants: [{ allow: ['a.b'], where: { $root: [true] } }] }), 'invalid_params'],
    ['of 17 kB', delegation(1, { grants: [{ allow: ['a.b'], where: { p: ['x'.repeat(17_000)] } }] }), 'protocol_error'],
  ])('%s is refused, and its key stays unknown', (_what, signed, code) => {
    const { keys, root } = ring();
    expect(codeOf(() => keys.delegate(root, signed, WALL_MS))).toBe(code);
    expect(keys.all()).toEqual([root]);
  }); // prettier-ignore

  it('up to the very end of its parent is taken', () => {
    const { keys, root } = ring();
    expect(keys.delegate(root, delegation(1, { not_after: WALL_MS + SESSION_MS }), WALL_MS).expiresAtMs).toBe(
      SESSION_MS,
    );
  });

  it('sent again is refused, also when its key was revoked', () => {
    const { keys, root } = ring();
    const signed = delegation(1);
    const made = keys.delegate(root, signed, WALL_MS);
    expect(codeOf(() => keys.delegate(root, signed, WALL_MS))).toBe('denied');
    keys.revoke([made]);
    expect(codeOf(() => keys.delegate(root, signed, WALL_MS))).toBe('denied');
    expect(codeOf(() => keys.check(made))).toBe('token_revoked');
  });

  it('of a child cannot be sent by its parent, nor by its sibling', () => {
    const { keys, root } = ring();
    const first = child(keys, root, 0, 1);
    const second = child(keys, root, 0, 2);
    const signed = delegation(3, { depth: 2 }, { by: keyNumber(1) });
    expect(codeOf(() => keys.delegate(second, signed, WALL_MS))).toBe('unauthenticated');
    expect(codeOf(() => keys.delegate(root, signed, WALL_MS))).toBe('unauthenticated');
    expect(keys.delegate(first, signed, WALL_MS).parent).toBe(first);
  });

  it(`goes ${TOKEN_DEPTH_MAX} steps deep and no further`, () => {
    const { keys, root } = ring();
    let last = root;
    for (let depth = 1; depth <= TOKEN_DEPTH_MAX; depth += 1) last = child(keys, last, depth - 1, depth);
    expect(last.depth).toBe(TOKEN_DEPTH_MAX);
    for (const depth of [TOKEN_DEPTH_MAX, TOKEN_DEPTH_MAX + 1]) {
      const signed = delegation(9, { depth }, { by: keyNumber(TOKEN_DEPTH_MAX) });
      expect(codeOf(() => keys.delegate(last, signed, WALL_MS))).toBe('denied');
    }
  });

  it(`is refused to a token with ${TOKEN_CHILDREN_MAX} living children, and granted again when one is dead`, () => {
    const { keys, root } = ring();
    const made = Array.from({ length: TOKEN_CHILDREN_MAX }, (_, index) => child(keys, root, 0, index + 1));
    expect(codeOf(() => child(keys, root, 0, 100))).toBe('denied');
    const [first] = made;
    if (first !== undefined) keys.revoke([first]);
    expect(child(keys, root, 0, 100).depth).toBe(1);
  });

  it('makes room again when it has expired', () => {
    let now = 0;
    const { keys, root } = ring(() => now);
    for (let number = 1; number <= TOKEN_CHILDREN_MAX; number += 1) child(keys, root, 0, number);
    now = 60_000;
    expect(
      keys.delegate(root, delegation(100, { not_after: WALL_MS + 120_000 }), WALL_MS + 60_000).depth,
    ).toBe(1);
    expect(keys.all()).toHaveLength(2);
  });
});

describe('the end of a token', () => {
  it('is the end of all that came from it, at once and for nobody else', () => {
    const { keys, root } = ring();
    const [parent, other] = [child(keys, root, 0, 1), child(keys, root, 0, 2)];
    const below = child(keys, parent, 1, 3);
    expect(keys.revoke([parent])).toEqual([parent, below]);
    for (const dead of [parent, below]) expect(codeOf(() => keys.check(dead))).toBe('token_revoked');
    for (const alive of [root, other]) expect(codeOf(() => keys.check(alive))).toBeUndefined();
    keys.revoke([root]);
    expect(codeOf(() => keys.check(other))).toBe('token_revoked');
  });

  it('comes by time for a child before it comes for its parent', () => {
    let now = 0;
    const { keys, root } = ring(() => now);
    const made = child(keys, root, 0, 1);
    now = 59_999;
    expect(codeOf(() => keys.check(made))).toBeUndefined();
    now = 60_000;
    expect(codeOf(() => keys.check(made))).toBe('token_expired');
    expect(codeOf(() => keys.check(root))).toBeUndefined();
  });
});
