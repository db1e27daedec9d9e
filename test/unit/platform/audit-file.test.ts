import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { splitCheckpoints } from '../../../src/audit/checkpoint-read.js';
import { LogVerifier, type Verdict } from '../../../src/audit/verify.js';
import { AUDIT_LINE_BYTES_MAX, CHECKPOINT_MS, CHECKPOINT_RECORDS } from '../../../src/protocol/limits.js';
import { CHECKPOINTS_FILE, LOG_FILE } from '../../../src/platform/audit-file.js';
import { decided, END, HOST, openWriter, START, temporaryDirectory, writeSession } from '../audit/records.js';

function verifyDirectory(directory: string): Verdict {
  const checkpoints = splitCheckpoints(readFileSync(join(directory, CHECKPOINTS_FILE), 'utf8'));
  const verifier = new LogVerifier({ hostKey: HOST.publicKey, checkpoints });
  const lines = readFileSync(join(directory, LOG_FILE), 'latin1').split('\n');
  const tail = lines.pop() ?? '';
  for (const line of lines) verifier.line(Buffer.from(line, 'latin1'));
  if (tail !== '') verifier.torn(Buffer.from(tail, 'latin1'));
  return verifier.finish();
}

describe('the audit log writer', () => {
  it('writes a log that verifies, signed to its last record, in files only the owner can read', () => {
    const directory = join(temporaryDirectory(), 'session');
    writeSession(directory, 100, { close: true });
    const verdict = verifyDirectory(directory);
    expect(verdict).toMatchObject({ ok: true, closed: true, unsigned: 0, findings: [], unfinished: [] });
    expect(verdict.records).toBe(1 + 100 + 67 + 1);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, LOG_FILE)).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, CHECKPOINTS_FILE)).mode & 0o777).toBe(0o600);
  });

  it('has each record in the file before append returns, and a checkpoint of every 128 records', () => {
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    writer.append(START);
    for (let index = 1; index <= 2 * CHECKPOINT_RECORDS; index += 1) {
      writer.append(decided(`c${index}`));
      const lines = readFileSync(join(directory, LOG_FILE), 'utf8').split('\n');
      expect(lines.length - 1).toBe(index + 1);
      expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ seq: index, call: `c${index}` });
    }
    const sizes = splitCheckpoints(readFileSync(join(directory, CHECKPOINTS_FILE), 'utf8')).map(
      (c) => c?.size,
    );
    expect(sizes).toEqual([1, 129]);
    writer.close();
  });

  it('signs 64 records when they are on the disk, and no append waits for that', async () => {
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    const sizes = (): unknown[] =>
      splitCheckpoints(readFileSync(join(directory, CHECKPOINTS_FILE), 'utf8')).map(
        (checkpoint) => checkpoint?.size,
      );
    writer.append(START);
    for (let index = 1; index <= CHECKPOINT_RECORDS; index += 1) writer.append(decided(`c${index}`));
    expect(sizes()).toEqual([1]);
    await vi.waitFor(() => expect(sizes()).toEqual([1, 1 + CHECKPOINT_RECORDS]));
    expect(verifyDirectory(directory)).toMatchObject({ ok: true, unsigned: 0 });
    writer.close();
  });

  it('verifies a killed session up to its last record and lists the calls whose outcome is unknown', () => {
    const directory = temporaryDirectory();
    const writer = writeSession(directory, 4, { close: false });
    writer.append(decided('last', { action: 'aws.s3.put_object' }));
    const verdict = verifyDirectory(directory);
    expect(verdict).toMatchObject({ ok: true, closed: false, records: 9, unsigned: 8 });
    expect(verdict.unfinished).toEqual([{ call: 'last', action: 'aws.s3.put_object', seq: 8 }]);
  });

  it('moves a torn last line aside, says so in the log, and goes on', () => {
    const directory = temporaryDirectory();
    writeSession(directory, 4, { close: false });
    appendFileSync(join(directory, LOG_FILE), '{"v":1,"seq":8,"pre');
    expect(verifyDirectory(directory)).toMatchObject({
      ok: false,
      findings: [{ kind: 'torn', seq: 8, line: 9 }],
    });
    const again = openWriter(directory);
    again.append(END);
    again.close();
    expect(readFileSync(join(directory, 'audit.torn'), 'utf8')).toBe('{"v":1,"seq":8,"pre');
    expect(verifyDirectory(directory)).toMatchObject({ ok: true, closed: true, records: 10, unsigned: 0 });
    expect(readFileSync(join(directory, LOG_FILE), 'utf8')).toContain('"type":"log.recovered","bytes":19,');
  });

  it('does not continue a closed log, nor one that is damaged before its end', () => {
    const closed = temporaryDirectory();
    writeSession(closed, 2, { close: true });
    expect(() => openWriter(closed)).toThrowError(expect.objectContaining({ code: 'audit_damaged' }));
    const damaged = temporaryDirectory();
    writeSession(damaged, 2, { close: false });
    const file = join(damaged, LOG_FILE);
    const text = readFileSync(file, 'utf8').replace('list_buckets', 'list_bockets');
    writeFileSync(file, text);
    expect(() => openWriter(damaged)).toThrowError(expect.objectContaining({ code: 'audit_damaged' }));
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(join(damaged, 'audit.torn'))).toBe(false);
  });

  it('cannot be extended after close, and erases the seed it was given', () => {
    const seed = Buffer.alloc(32, 9);
    const writer = openWriter(temporaryDirectory(), { auditSeed: seed, certificate: undefined });
    writer.append(START);
    const head = writer.close();
    expect(head.records).toBe(1);
    expect(seed.equals(Buffer.alloc(32))).toBe(true);
    expect(() => writer.append(END)).toThrowError(expect.objectContaining({ code: 'audit_unavailable' }));
    expect(() => writer.publicKey).toThrow(TypeError);
  });

  it('cuts a flood to one line, says how much, and keeps small values beside it whole', () => {
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    writer.append(START);
    writer.append(decided('flood', { argv: ['s3', 'ls', 'A'.repeat(1_000_000)] }));
    writer.append(decided('many', { argv: Array.from({ length: 20_000 }, () => '\u{1b}[31m') }));
    const lines = readFileSync(join(directory, LOG_FILE), 'utf8').trimEnd().split('\n');
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThan(AUDIT_LINE_BYTES_MAX);
    const flood: unknown = JSON.parse(lines[1] ?? '');
    expect(flood).toMatchObject({ cut: 1, action: 'aws.s3.list_buckets', rule: 'aws-readonly/1' });
    expect(lines[1]).toMatch(/A{64}‹cut:1000000 bytes:sha256:[0-9a-f]{16}›/);
    expect(lines[2]).toContain('‹cut:20000 items›');
    expect(verifyDirectory(directory).ok).toBe(true);
    writer.close();
  });

  it('writes no secret the agent typed', () => {
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    writer.append(START);
    writer.append(
      decided('c1', {
        argv: ['rds', 'modify', '--master-user-password', 'hunter2!', 'AKIAIOSFODNN7EXAMPLE'],
        capabilities: [
          { action: 'aws.rds.modify', params: { master_user_password: 'hunter2!', id: 'db-1' } },
        ],
      }),
    );
    const text = readFileSync(join(directory, LOG_FILE), 'utf8');
    for (const secret of ['hunter2!', 'AKIAIOSFODNN7EXAMPLE']) expect(text).not.toContain(secret);
    expect(text).toContain('"redacted":3');
    expect(text).toContain('"id":"db-1"');
    writer.close();
  });

  it('says audit_unavailable when the directory cannot be made', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    expect(() => openWriter(join(file, 'session'))).toThrowError(
      expect.objectContaining({ code: 'audit_unavailable' }),
    );
  });
});

describe('checkpoints and syncs by time', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('signs what was written within ten seconds, once, and not again while nothing new is there', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    const sizes = (): unknown[] =>
      splitCheckpoints(readFileSync(join(directory, CHECKPOINTS_FILE), 'utf8')).map(
        (checkpoint) => checkpoint?.size,
      );
    writer.append(START);
    writer.append(decided('c1'));
    vi.advanceTimersByTime(CHECKPOINT_MS - 1);
    expect(sizes()).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(sizes()).toEqual([1, 2]);
    vi.advanceTimersByTime(10 * CHECKPOINT_MS);
    expect(sizes()).toEqual([1, 2]);
    writer.append(decided('c2'));
    vi.advanceTimersByTime(CHECKPOINT_MS);
    expect(sizes()).toEqual([1, 2, 3]);
    writer.close();
    expect(sizes()).toEqual([1, 2, 3]);
  });
});
