// Redaction against a reading that is slow and obviously right: every needle is looked for at every place.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Needles } from '../../../repeaters/sdk/needles.js';
import { Redactor } from '../../../repeaters/sdk/redactor.js';
import { spellings } from '../../../src/protocol/spellings.js';

const MARKER = '[redacted by turret]';
const SECRETS = ['wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', 'abababab', 'öffnet "alles"\\ & mehr\n!'];
const FORMS = SECRETS.flatMap(spellings).map((form) => form.toString('latin1'));
const NEEDLES = needlesOf(FORMS);

function needlesOf(texts: readonly string[]): Needles {
  return new Needles(texts.map((text) => Buffer.from(text, 'latin1')));
}

/** Stretches that are needles; overlapping ones are one. */
function stretches(text: string, forms: readonly string[]): [number, number][] {
  const found = forms
    .flatMap((form) => {
      const places: [number, number][] = [];
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
        places.push([at, at + form.length]);
      return places;
    })
    .sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [start, end] of found) {
    const last = merged.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

function replaced(text: string, forms: readonly string[], by: (length: number) => string): string {
  let out = '';
  let at = 0;
  for (const [start, end] of stretches(text, forms)) {
    out += text.slice(at, start) + by(end - start);
    at = end;
  }
  return out + text.slice(at);
}

/** How much of the end may still become a needle. */
function undecided(text: string, forms: readonly string[]): number {
  for (
    let length = Math.min(text.length, Math.max(...forms.map((form) => form.length)) - 1);
    length > 0;
    length -= 1
  )
    if (forms.some((form) => form.length > length && form.startsWith(text.slice(-length)))) return length;
  return 0;
}

const piece = fc.oneof(
  fc.constantFrom(...FORMS),
  fc.constantFrom(...FORMS).chain((form) => fc.nat(form.length).map((length) => form.slice(0, length))),
  fc.constantFrom(...FORMS).chain((form) => fc.nat(form.length).map((length) => form.slice(length))),
  fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.string({ unit: fc.constantFrom('a', 'b', 'w', '%', '\\'), maxLength: 20 }),
);
const chunks = fc
  .tuple(
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.array(fc.nat(600), { maxLength: 12 }),
  )
  .map(([text, cuts]) => {
    const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
    return at.slice(1).map((end, index) => text.slice(at[index], end));
  });

describe('a redactor', () => {
  it('replaces every needle at every place, however the stream is cut, and changes no other byte', () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const redactor = new Redactor({ needles: () => NEEDLES });
        const out = parts.map((part) => redactor.push(Buffer.from(part, 'latin1')).toString('latin1'));
        const text = parts.join('');
        expect(out.join('') + redactor.flush().toString('latin1')).toBe(replaced(text, FORMS, () => MARKER));
        expect(redactor.count).toBe(stretches(text, FORMS).length);
      }),
      { numRuns: 1_500 },
    );
  });

  it('holds back nothing but what may be the beginning of a needle', () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const redactor = new Redactor({ needles: () => NEEDLES });
        let text = '';
        for (const part of parts) {
          redactor.push(Buffer.from(part, 'latin1'));
          text += part;
          expect(redactor.holds).toBe(undecided(text, FORMS));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps every byte in its place when the length has to stay', () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const redactor = new Redactor({ needles: () => NEEDLES, sameLength: true });
        const out = parts.map((part) => redactor.push(Buffer.from(part, 'latin1')).toString('latin1'));
        const mask = (text: string) => text.replaceAll(/[^]/g, '*');
        const text = parts.join('');
        const whole = out.join('') + redactor.flush().toString('latin1');
        expect(whole).toHaveLength(text.length);
        const expected = replaced(text, FORMS, (length) => '*'.repeat(length));
        const masked = [...stretches(text, FORMS)].reduce(
          (done, [start, end]) => done.slice(0, start) + mask(done.slice(start, end)) + done.slice(end),
          whole,
        );
        expect(masked).toBe(expected);
        for (const [start, end] of stretches(text, FORMS))
          expect(whole.slice(start, end)).not.toBe(text.slice(start, end));
      }),
      { numRuns: 500 },
    );
  });

  it('passes on what waited too long, and still takes out the rest of what turns out to be a secret', () => {
    const needles = needlesOf(['secret-key']);
    const redactor = new Redactor({ needles: () => needles });
    expect(String(redactor.push(Buffer.from('is: secr')))).toBe('is: ');
    expect(String(redactor.flush())).toBe('secr');
    expect(String(redactor.push(Buffer.from('et-key, secret')))).toBe(`${MARKER}, `);
    expect(String(redactor.flush())).toBe('secret');
  });

  it('lets a pause take three bytes of what may be a secret, however often there is one', () => {
    const needles = needlesOf(['secret-key']);
    const redactor = new Redactor({ needles: () => needles });
    const early = (text: string) => [String(redactor.push(Buffer.from(text))), redactor.isEarly];
    expect(early('is')).toEqual(['i', true]);
    expect(String(redactor.flush())).toBe('s');
    expect(early('ec')).toEqual(['', true]);
    expect(String(redactor.flush())).toBe('ec');
    expect(early('r')).toEqual(['', false]);
    expect(early('et-key')).toEqual([MARKER, false]);
    expect(early('secrets ')).toEqual(['secrets ', false]);
  });

  it('takes a beginning for a secret where somebody chose the end', () => {
    const needles = needlesOf(['secret-key']);
    const cut = (text: string): string => {
      const redactor = new Redactor({ needles: () => needles });
      return String(redactor.push(Buffer.from(text))) + String(redactor.cut());
    };
    expect(cut('is secret-ke')).toBe(`is ${MARKER}`);
    expect(cut('is sec')).toBe('is sec');
    expect(cut('is secret-key')).toBe(`is ${MARKER}`);
  });

  it('finds a secret that it is told of in the middle of the stream, from what it holds on', () => {
    let needles = needlesOf(['first-secret']);
    const redactor = new Redactor({ needles: () => needles });
    expect(String(redactor.push(Buffer.from('first-secret second-secret fir')))).toBe(
      `${MARKER} second-secret `,
    );
    needles = needlesOf(['first-secret', 'fire-and-water']);
    expect(String(redactor.push(Buffer.from('e-and-water first-secret.')))).toBe(`${MARKER} ${MARKER}.`);
  });

  it('passes the chunk itself on when there is nothing to look for, or nothing found', () => {
    const chunk = Buffer.from('nothing of the kind.');
    expect(new Redactor({ needles: () => undefined }).push(chunk).buffer).toBe(chunk.buffer);
    expect(new Redactor({ needles: () => NEEDLES }).push(chunk).buffer).toBe(chunk.buffer);
  });

  it('takes time linear in what an attacker makes it read', () => {
    // Every byte continues a needle, and none is ever whole.
    const needles = needlesOf([`${'a'.repeat(4_000)}b`, `${'ab'.repeat(2_000)}c`]);
    const steps = (length: number): number => {
      const redactor = new Redactor({ needles: () => needles });
      const started = process.cpuUsage();
      redactor.push(Buffer.alloc(length, 'a'));
      redactor.push(Buffer.alloc(length, 'ab'));
      return process.cpuUsage(started).user;
    };
    steps(1_000_000);
    // One attempt from every place would be 4,000 times the bytes: minutes.
    expect(steps(2_000_000)).toBeLessThan(5_000_000);
  });
});
