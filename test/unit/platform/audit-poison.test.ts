// What cannot be provoked on a sound disk: the half line cannot be taken back, and fdatasync fails.

import * as fs from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decided, finished, openWriter, START, temporaryDirectory } from '../audit/records.js';

const { broken, fail } = vi.hoisted(() => ({
  broken: { write: false, truncate: false, sync: false },
  fail: (code: string): never => {
    throw Object.assign(new Error(code), { code });
  },
}));
vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    writeSync: (fd: number, bytes: Buffer, offset?: number) => {
      if (!broken.write) return real.writeSync(fd, bytes, offset);
      // The disk takes ten bytes and is full.
      if ((offset ?? 0) === 0) return real.writeSync(fd, bytes, 0, 10);
      return fail('ENOSPC');
    },
    ftruncateSync: (fd: number, size: number) =>
      broken.truncate ? fail('EIO') : real.ftruncateSync(fd, size),
    fdatasyncSync: (fd: number) => (broken.sync ? fail('EIO') : real.fdatasyncSync(fd)),
  };
});

const refused = expect.objectContaining({ code: 'audit_unavailable' });
afterEach(() => Object.assign(broken, { write: false, truncate: false, sync: false }));

describe('a log that cannot be trusted any more', () => {
  it('takes a half line back and goes on when the disk has room again', () => {
    const directory = temporaryDirectory();
    const writer = openWriter(directory);
    writer.append(START);
    broken.write = true;
    expect(() => writer.append(decided('c1'))).toThrowError(refused);
    broken.write = false;
    expect(writer.append(decided('c2'))).toEqual({ seq: 1 });
    const lines = fs.readFileSync(`${directory}/audit.jsonl`, 'utf8').split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('"call":"c2"');
    writer.close();
  });

  it('stays refused for good when the half line cannot be taken back, even after the disk recovers', () => {
    const writer = openWriter(temporaryDirectory());
    writer.append(START);
    Object.assign(broken, { write: true, truncate: true });
    expect(() => writer.append(decided('c1'))).toThrowError(refused);
    Object.assign(broken, { write: false, truncate: false });
    expect(() => writer.append(decided('c2'))).toThrowError(refused);
    expect(() => writer.sync()).toThrowError(refused);
    writer.close();
  });

  it('stays refused for good after a failed fdatasync, because the kernel reports that once', () => {
    const writer = openWriter(temporaryDirectory());
    writer.append(START);
    writer.append(decided('c1'));
    broken.sync = true;
    expect(() => writer.sync()).toThrowError(refused);
    broken.sync = false;
    expect(() => writer.append(finished('c1'))).toThrowError(refused);
    expect(() => writer.sync()).toThrowError(refused);
    writer.close();
  });
});
