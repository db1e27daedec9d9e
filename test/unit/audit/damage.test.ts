// Two hundred logs damaged at random, the same ones every time. Both verifiers have to find each, say where, and agree.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/audit/verify.js';
import { verifyLog } from '../../../src/platform/audit-read.js';
import { decided, END, HOST, openWriter, START, temporaryDirectory, writeSession } from './records.js';

const SEED = 20_261_123;
const LOGS = 200;
const SECOND_VERIFIER = resolve('scripts/verify-log.mjs');

type Short = Pick<Verdict, 'ok' | 'records' | 'findings' | 'head' | 'root' | 'closed' | 'unsigned'>;
function short(verdict: Verdict): Short {
  const { ok, records, head, root, closed, unsigned } = verdict;
  const findings = verdict.findings.map(({ kind, seq, line, to }) => ({
    kind,
    seq,
    line,
    ...(to === undefined ? {} : { to }),
  }));
  return { ok, records, findings, head, root, closed, unsigned };
}

/** Verdicts of the independent verifier, one process for all. */
function second(files: string[], hostKey: Buffer | undefined): { verdicts: Short[]; status: number | null } {
  const words = hostKey === undefined ? [] : ['--host-key', hostKey.toString('base64url')];
  const run = spawnSync(process.execPath, [SECOND_VERIFIER, ...words, ...files], {
    encoding: 'utf8',
    env: {},
  });
  expect(run.stderr).toBe('');
  return {
    verdicts: run.stdout
      .trimEnd()
      .split('\n')
      .map((line): Short => JSON.parse(line)),
    status: run.status,
  };
}

function first(
  file: string,
  options: { hostKey: Buffer | undefined } = { hostKey: HOST.publicKey },
): Verdict {
  return verifyLog({ file, live: false, ...options });
}

/** xorshift32: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

interface Damage {
  text: Buffer;
  /** Records that are wrong or gone; a verifier has to name one of them. */
  from: number;
  to: number;
  what: string;
}

/** A file of these lines, bytes as latin1. */
function fileOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}

function damage(original: Buffer, random: (below: number) => number): Damage {
  const lines = original.toString('latin1').split('\n').slice(0, -1);
  const at = random(lines.length);
  switch (random(6)) {
    case 0: {
      const text = Buffer.from(original);
      const byte = random(text.length);
      text[byte] = (text[byte] ?? 0) ^ (1 << random(8));
      const record = original.subarray(0, byte).toString('latin1').split('\n').length - 1;
      return { text, from: record, to: record + 1, what: `byte ${byte} flipped` };
    }
    case 1:
      return { text: fileOf(lines.toSpliced(at, 1)), from: at, to: at, what: `record ${at} dropped` };
    case 2: {
      const other = Math.min(at, lines.length - 2);
      const [a = '', b = ''] = lines.slice(other, other + 2);
      return {
        text: fileOf(lines.toSpliced(other, 2, b, a)),
        from: other,
        to: other + 1,
        what: `${other} swapped`,
      };
    }
    case 3:
      return {
        text: fileOf(lines.toSpliced(at, 0, lines[at] ?? '')),
        from: at,
        to: at,
        what: `record ${at} twice`,
      };
    case 4: {
      const cut = random(original.length - 1);
      const record = original.subarray(0, cut).toString('latin1').split('\n').length - 1;
      return {
        text: original.subarray(0, cut),
        from: record,
        to: lines.length - 1,
        what: `cut at byte ${cut}`,
      };
    }
    default: {
      const count = 1 + random(5);
      return {
        text: fileOf(lines.toSpliced(at, count)),
        from: at,
        to: at + count - 1,
        what: `${count} dropped at ${at}`,
      };
    }
  }
}

describe('two verifiers, one verdict', () => {
  it(`find and locate every one of ${LOGS} damages (seed ${SEED}), and agree on each`, () => {
    const base = temporaryDirectory();
    const whole = join(base, 'whole');
    writeSession(whole, 90, { close: true });
    const original = readFileSync(join(whole, 'audit.jsonl'));
    const random = randomFrom(SEED);
    const damages = Array.from({ length: LOGS }, () => damage(original, random));
    const files = damages.map(({ text }, index) => {
      const directory = join(base, `d${index}`);
      mkdirSync(directory);
      cpSync(join(whole, 'checkpoints'), join(directory, 'checkpoints'));
      writeFileSync(join(directory, 'audit.jsonl'), text);
      return join(directory, 'audit.jsonl');
    });
    const { verdicts, status } = second(files, HOST.publicKey);
    expect(status).toBe(1);
    expect(verdicts).toHaveLength(LOGS);
    for (const [index, file] of files.entries()) {
      const { from, to, what } = damages[index] ?? { from: -1, to: -1, what: '' };
      const verdict = first(file);
      expect({ what, ok: verdict.ok }).toEqual({ what, ok: false });
      const located = verdict.findings.some(
        (finding) => finding.seq <= to && (finding.to ?? finding.seq) >= from,
      );
      expect({ what, located, findings: verdict.findings }).toMatchObject({ located: true });
      // No finding lies before the damage, apart from a range that reaches into it.
      expect(verdict.findings.every((finding) => (finding.to ?? finding.seq) >= from - 1)).toBe(true);
      expect(verdicts[index]).toEqual(short(verdict));
    }
    // Twenty thousand records, twice: nothing is waited for, but a processor may be shared.
  }, 60_000);

  it('agree on a closed log, a killed one and one without any host key', () => {
    const base = temporaryDirectory();
    const [closed, killed, bare] = ['closed', 'killed', 'bare'].map((name) => join(base, name));
    writeSession(closed ?? '', 70, { close: true });
    writeSession(killed ?? '', 70, { close: false });
    const writer = openWriter(bare ?? '', { certificate: undefined });
    writer.append(START);
    writer.append(END);
    writer.close();
    const files = [closed, killed, bare].map((directory) => join(directory ?? '', 'audit.jsonl'));
    const { verdicts, status } = second(files, undefined);
    expect(status).toBe(0);
    expect(verdicts).toEqual(files.map((file) => short(first(file, { hostKey: undefined }))));
    expect(verdicts.map(({ closed: end, unsigned }) => [end, unsigned])).toEqual([
      [true, 0],
      [false, 117],
      [true, 0],
    ]);
  });

  it('find a log that was rewritten with a chain of its own, and one signed by a key the host never vouched for', () => {
    const base = temporaryDirectory();
    const [real, forged] = [join(base, 'real'), join(base, 'forged')];
    writeSession(real, 10, { close: true });
    const writer = openWriter(forged, { auditSeed: Buffer.alloc(32, 0x77) });
    writer.append(START);
    writer.append(decided('c1', { argv: ['s3', 'ls', 'nothing-happened'] }));
    writer.append(END);
    writer.close();
    const rewritten = join(base, 'rewritten');
    mkdirSync(rewritten);
    cpSync(join(forged, 'audit.jsonl'), join(rewritten, 'audit.jsonl'));
    cpSync(join(real, 'checkpoints'), join(rewritten, 'checkpoints'));
    const files = [rewritten, forged].map((directory) => join(directory, 'audit.jsonl'));
    const { verdicts } = second(files, HOST.publicKey);
    expect(verdicts).toEqual(files.map((file) => short(first(file))));
    expect(verdicts[0]?.findings.map(({ kind }) => kind)).toContain('resigned');
    expect(verdicts[1]?.findings.map(({ kind }) => kind)).toEqual(['bad_certificate']);
  });

  it('find damage in the checkpoints themselves: one bit of any, one removed, all removed', () => {
    const base = temporaryDirectory();
    const whole = join(base, 'whole');
    writeSession(whole, 90, { close: true });
    const notes = readFileSync(join(whole, 'checkpoints'));
    const random = randomFrom(SEED);
    const variants = Array.from({ length: 40 }, () => {
      const changed = Buffer.from(notes);
      const byte = random(changed.length);
      changed[byte] = (changed[byte] ?? 0) ^ (1 << random(8));
      return changed;
    });
    const blocks = notes.toString().split('\n');
    variants.push(
      Buffer.from(blocks.slice(0, -6).concat('').join('\n')),
      Buffer.from(''),
      notes.subarray(0, -1),
    );
    const files = variants.map((content, index) => {
      const directory = join(base, `c${index}`);
      mkdirSync(directory);
      cpSync(join(whole, 'audit.jsonl'), join(directory, 'audit.jsonl'));
      writeFileSync(join(directory, 'checkpoints'), content);
      return join(directory, 'audit.jsonl');
    });
    const { verdicts } = second(files, HOST.publicKey);
    for (const [index, file] of files.entries()) {
      const verdict = first(file);
      expect({ index, ok: verdict.ok }).toEqual({ index, ok: false });
      expect(verdicts[index]).toEqual(short(verdict));
    }
  });
});
