// A disk that is full, for real: RLIMIT_FSIZE makes write(2) take a part of a line and then nothing, like ENOSPC does.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { verifyLog } from '../../../src/platform/audit-read.js';
import { HOST, temporaryDirectory } from '../audit/records.js';

const LIMIT_BYTES = 20_000;

describe('a full disk', () => {
  it('refuses every call that cannot be recorded, leaves no half line, and the log still verifies and closes', () => {
    const base = temporaryDirectory();
    const program = join(base, 'full-disk.mjs');
    buildSync({
      entryPoints: [resolve('test/unit/platform/full-disk.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'bundle',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const directory = join(base, 'session');
    const run = spawnSync('prlimit', [`--fsize=${LIMIT_BYTES}`, process.execPath, program, directory], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
    });
    expect(run.stderr).toBe('');
    const seen: { refusals: string[]; written: number; wholeLines: boolean[]; small: boolean } = JSON.parse(
      run.stdout,
    );
    expect(seen.refusals).toEqual(['audit_unavailable', 'audit_unavailable', 'audit_unavailable']);
    expect(seen.wholeLines).toEqual([true, true, true]);
    expect(seen.written).toBeGreaterThan(5);
    // A shorter record still fits: taking the half line back made the log usable again.
    expect(seen.small).toBe(true);
    const file = join(directory, 'audit.jsonl');
    expect(readFileSync(file).length).toBeLessThanOrEqual(LIMIT_BYTES);
    const verdict = verifyLog({ file, hostKey: HOST.publicKey, live: false });
    expect(verdict).toMatchObject({ ok: true, closed: true, unsigned: 0, records: seen.written + 2 });
  });
});
