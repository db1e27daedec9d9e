// The commands as oclif runs them, on a state directory made by the real writer.

import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { signingKey } from '../../../src/crypto/ed25519.js';
import { sha256 } from '../../../src/crypto/hash.js';
import Audit from '../../../src/commands/audit/index.js';
import AuditExport from '../../../src/commands/audit/export.js';
import AuditGrep from '../../../src/commands/audit/grep.js';
import AuditList from '../../../src/commands/audit/list.js';
import AuditShow from '../../../src/commands/audit/show.js';
import AuditTail from '../../../src/commands/audit/tail.js';
import AuditVerify from '../../../src/commands/audit/verify.js';
import type { AuditWriter } from '../../../src/platform/audit-file.js';
import { loadHostKey } from '../../../src/platform/host-key.js';
import {
  closeSession,
  createSession,
  makeStateDirectory,
  openSession,
  type SessionEntry,
} from '../../../src/platform/sessions.js';
import { callMessage } from '../../../src/wire/handshake.js';
import { AUDIT_SEED, decided, END, finished, openWriter, START, temporaryDirectory } from './records.js';

// A package of its own: what is built, or half built, in dist/ must not matter here.
const PACKAGE = temporaryDirectory();
writeFileSync(
  join(PACKAGE, 'package.json'),
  JSON.stringify({
    name: 'turret',
    version: '0.0.0',
    oclif: { bin: 'turret' },
  }),
);
const ROOT = { root: PACKAGE };
const OTHER_SID = 'ffee0011223344556677';
const SID = '03396219237f75a64f12';
const NOBODY = 2 ** 22 + 1;

let state: string;
let output: string;
let errors: string;

beforeEach(() => {
  const home = temporaryDirectory();
  state = join(home, 'turret');
  vi.stubEnv('XDG_STATE_HOME', home);
  output = '';
  errors = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((output += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  vi.spyOn(console, 'log').mockImplementation(
    (...words: unknown[]) => void (output += `${words.join(' ')}\n`),
  );
  vi.spyOn(console, 'error').mockImplementation(
    (...words: unknown[]) => void (errors += `${words.join(' ')}\n`),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = 0;
});

interface Session {
  entry: SessionEntry;
  writer: AuditWriter;
}

/** A session as `turret run` makes one. `pid` decides whether it counts as running. */
function startSession(
  sid: string,
  pid: number,
  at = Date.UTC(2026, 0, 1),
  index: 'listed' | 'unlisted' = 'listed',
): Session {
  makeStateDirectory(state);
  const entry = createSession(state, { sid, label: 'fixer', command: 'claude', pid, now: at });
  const key = signingKey(AUDIT_SEED).publicKey;
  const writer = openWriter(entry.directory, {
    sid: Buffer.from(sid, 'hex'),
    certificate: loadHostKey(state).certify(Buffer.from(sid, 'hex'), key),
  });
  writer.append(START);
  if (index === 'listed') openSession(state, entry.name, at);
  return { entry, writer };
}
function endSession({ entry, writer }: Session): void {
  writer.append(END);
  closeSession(state, entry.name, writer.close(), Date.now());
}
function usualCalls(writer: AuditWriter): void {
  writer.append(decided('c1'));
  writer.append(finished('c1'));
  writer.append(
    decided('c2', {
      argv: ['s3', 'rb', 's3://prod\u{1b}]0;pwn\u{7}'],
      action: 'aws.s3.delete_bucket',
      capabilities: [{ action: 'aws.s3.delete_bucket', params: { bucket: 'prod\u{202e}' } }],
      effect: 'deny',
      rule: 'no-prod',
      source: 'turret.yaml:12',
      reason: 'rule',
    }),
  );
  writer.append({
    type: 'call.refused',
    call: 'c3',
    kid: 'Vkdap1RjR0wChQ',
    tool: 'aws',
    argv: ['configure', 'export-credentials'],
    code: 'unresolvable',
    reason: 'this would print the credentials',
  });
}

/** Nothing a terminal obeys, apart from the newlines between our own lines. */
function expectPlain(text: string): void {
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
}

describe('turret audit', () => {
  it('says what happened in the last session, why things were denied, and that the log is intact', async () => {
    const session = startSession(SID, NOBODY);
    usualCalls(session.writer);
    endSession(session);
    const report = await Audit.run([], ROOT);
    expect(report).toMatchObject({ session: SID, state: 'closed', verdict: { ok: true, records: 6 } });
    expect(output).toContain('calls     1 allowed, 1 denied, 1 not understood or not possible');
    expect(output).toMatch(/verified {2}yes: 6 records, chain unbroken, signed to the end/);
    expect(output).toMatch(/1× +aws\.s3\.delete_bucket +a rule denies it +no-prod \(turret\.yaml:12\)/);
    expect(output).toContain('512 B out');
    expect(output).toContain('turret audit show c2');
    expectPlain(output);
  });

  it('has a clear sentence for an empty state directory, and exit code 2', async () => {
    await Audit.run([], ROOT);
    expect(errors).toBe(
      'turret: error: no session has been recorded yet\nturret: hint: turret run -- <agent> makes the first one\n',
    );
    expect(process.exitCode).toBe(2);
    await AuditList.run([], ROOT);
    expect(output).toContain('no session has been recorded yet');
    output = '';
    await AuditGrep.run(['--json'], ROOT);
    expect(JSON.parse(output)).toEqual({ calls: [] });
  });

  it('tells running, killed and closed sessions apart, and selects by the beginning of an id', async () => {
    const running = startSession(SID, process.pid);
    running.writer.append(decided('c1'));
    const killed = startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2));
    killed.writer.append(decided('k1', { action: 'aws.s3.put_object' }));
    expect(await Audit.run(['0339'], ROOT)).toMatchObject({ state: 'running', verdict: { ok: true } });
    expect(output).toContain('still running');
    output = '';
    expect(await Audit.run(['last'], ROOT)).toMatchObject({ session: OTHER_SID, state: 'killed' });
    expect(output).toContain('ended without closing its log (killed)');
    expect(output).toContain('ends at record 1 without close');
    expect(output).toMatch(/outcome unknown[^]*k1 {2}aws\.s3\.put_object/);
    await Audit.run(['0'.repeat(8)], ROOT);
    expect(errors).toContain('no session begins with "00000000"');
    endSession(running);
    expect(await Audit.run(['0339'], ROOT)).toMatchObject({ state: 'closed' });
  });

  it('lists sessions from a cache that is remade when it is damaged, and never believed when the log changed', async () => {
    endSession(startSession(SID, NOBODY));
    const killed = startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2));
    usualCalls(killed.writer);
    const good = await AuditList.run([], ROOT);
    expect(
      good.sessions.map(({ session, state: its, allowed, denied }) => [session, its, allowed, denied]),
    ).toEqual([
      [OTHER_SID, 'killed', 1, 2],
      [SID, 'closed', 0, 0],
    ]);
    const cache = join(state, 'sessions.json');
    const written = statSync(cache).mtimeMs;
    await AuditList.run([], ROOT);
    expect(statSync(cache).mtimeMs).toBe(written);
    for (const damage of ['{"v":1,"sess', '{"v":1,"sessions":{"x":7}}', '[]', 'null', '']) {
      writeFileSync(cache, damage);
      expect(await AuditList.run([], ROOT)).toEqual(good);
    }
    rmSync(cache);
    expect(await AuditList.run([], ROOT)).toEqual(good);
    killed.writer.append(decided('late'));
    expect((await AuditList.run([], ROOT)).sessions[0]).toMatchObject({ allowed: 2 });
  });

  it('shows one call in full and proves that the token asked for it', async () => {
    const token = signingKey(Buffer.alloc(32, 5));
    const session = startSession(SID, NOBODY);
    const kid = 'kid1';
    session.writer.append({
      type: 'token.issued',
      kid,
      key: token.publicKey.toString('base64url'),
      kind: 'session',
    });
    const json = Buffer.from('{"tool":"aws"}');
    const transcript = sha256(Buffer.from('both hellos'));
    const sig = {
      ctr: 3,
      stream: 5,
      T: transcript.toString('base64url'),
      json_sha256: sha256(json).toString('base64url'),
      s: token.sign(callMessage(transcript, 5, 3n, json)).toString('base64url'),
    };
    session.writer.append(decided('c1', { kid, sig }));
    session.writer.append(decided('c2', { kid, sig: { ...sig, ctr: 4 } }));
    session.writer.append(finished('c1'));
    endSession(session);
    expect(await AuditShow.run(['c1'], ROOT)).toMatchObject({ signed: true, session: SID });
    expect(output).toContain("good: made with this session's token");
    expect(output).toContain('rule      aws-readonly/1 (aws-readonly.yaml:4)');
    expect(output).toContain("command = 's3 ls'");
    expect(await AuditShow.run(['c2'], ROOT)).toMatchObject({ signed: false });
    await AuditShow.run(['c9'], ROOT);
    expect(errors).toContain('no recorded call has the id "c9"');
  });

  it('greps by action pattern, effect, time and session', async () => {
    const old = startSession(SID, NOBODY);
    usualCalls(old.writer);
    endSession(old);
    const recent = startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2));
    recent.writer.append(
      decided('n1', { action: 'gh.pr.list', capabilities: [{ action: 'gh.pr.list', params: {} }] }),
    );
    const ids = async (...words: string[]): Promise<unknown[]> =>
      (await AuditGrep.run(words, ROOT)).calls.map(({ call }) => call);
    expect(await ids()).toEqual(['c1', 'c2', 'c3', 'n1']);
    expect(await ids('--effect', 'deny')).toEqual(['c2', 'c3']);
    expect(await ids('--effect', 'allow')).toEqual(['c1', 'n1']);
    expect(await ids('--action', 'aws.s3.*')).toEqual(['c1', 'c2']);
    expect(await ids('--action', 'aws.*')).toEqual([]);
    expect(await ids('--session', 'last')).toEqual(['n1']);
    expect(await ids('--since', '1h')).toEqual([]);
    expect(await ids('--since', '2025-12-31')).toEqual(['c1', 'c2', 'c3', 'n1']);
    await AuditGrep.run(['--since', 'yesterday'], ROOT);
    await AuditGrep.run(['--action', 'aws:s3'], ROOT);
    expect(errors).toContain('"yesterday" is not a time');
    expect(errors).toContain('":" does not occur in action names');
    expectPlain(output);
  });

  it('exports records as JSON lines and calls as CSV in which nothing is a formula', async () => {
    const session = startSession(SID, NOBODY);
    usualCalls(session.writer);
    session.writer.append(
      decided('f', { tool: '=cmd|calc', argv: ['"x",1'], effect: 'deny', reason: '@sum' }),
    );
    endSession(session);
    await AuditExport.run(['--format', 'csv'], ROOT);
    const [heading, first, second] = output.split('\n');
    expect(heading).toBe('ts,session,call,command,action,effect,rule,reason,exit,ms,in,out,agent');
    expect(first).toBe(
      `2026-01-01T00:00:02.000Z,${SID},c1,aws s3 ls,aws.s3.list_buckets,allow,aws-readonly/1,,0,12,0,512,`,
    );
    expect(second).toContain(String.raw`\u{1b}]0;pwn\u{7}`);
    expect(output).not.toMatch(/(^|,|")[=@]/m);
    expectPlain(output);
    output = '';
    await AuditExport.run([], ROOT);
    const types = output
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(types).toHaveLength(7);
    expect(types[0]).toMatchObject({ type: 'session.start', command: 'claude' });
    expectPlain(output);
  });

  it('follows a running session to its end, and ends by itself when the session was killed', async () => {
    const session = startSession(SID, process.pid);
    session.writer.append(decided('c1'));
    const seen = AuditTail.run(['-f', '-n', '1', '--json'], ROOT);
    await vi.waitUntil(() => output.includes('"c1"'));
    session.writer.append(finished('c1'));
    endSession(session);
    await seen;
    const types = output
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(types).toMatchObject([
      { type: 'call.decided' },
      { type: 'call.finished' },
      { type: 'session.end' },
    ]);
    startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2)).writer.append(decided('k1'));
    output = '';
    await AuditTail.run(['-f'], ROOT);
    expect(output).toContain('k1');
    expect(await AuditTail.run(['-n', '1'], ROOT)).toMatchObject({ records: [{ call: 'k1' }] });
  });
});

describe('turret audit verify', () => {
  it('exits 0 for a good log and 1 with the place for a damaged one', async () => {
    const session = startSession(SID, NOBODY);
    usualCalls(session.writer);
    endSession(session);
    expect(await AuditVerify.run([], ROOT)).toMatchObject({ ok: true });
    expect(process.exitCode ?? 0).toBe(0);
    const text = readFileSync(session.entry.log, 'utf8');
    writeFileSync(session.entry.log, text.replace('"effect":"deny"', '"effect":"denY"'));
    expect(await AuditVerify.run(['--json'], ROOT)).toMatchObject({
      ok: false,
      findings: [{ kind: 'altered', seq: 3, line: 4 }],
    });
    expect(process.exitCode).toBe(1);
    expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({ ok: false });
  });

  it('finds a session that was cut back to a good end, checkpoints and all', async () => {
    const session = startSession(SID, NOBODY);
    usualCalls(session.writer);
    endSession(session);
    const lines = readFileSync(session.entry.log, 'utf8').split('\n');
    writeFileSync(session.entry.log, lines.slice(0, 3).concat('').join('\n'));
    const notes = join(session.entry.directory, 'checkpoints');
    writeFileSync(notes, readFileSync(notes, 'utf8').split('\n').slice(0, 5).concat('').join('\n'));
    expect(await AuditVerify.run([], ROOT)).toMatchObject({
      ok: false,
      findings: [{ kind: 'truncated', seq: 3, to: 5 }],
    });
    // Without the index nobody can know.
    rmSync(join(state, 'index.jsonl'));
    expect(await AuditVerify.run([session.entry.log], ROOT)).toMatchObject({
      ok: true,
      closed: false,
      records: 3,
    });
  });

  it('finds a deleted session, a planted one and an edited index', async () => {
    const first = startSession(SID, NOBODY);
    endSession(first);
    const second = startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2));
    endSession(second);
    expect(await AuditVerify.run(['--all'], ROOT)).toMatchObject({ ok: true, findings: [] });
    rmSync(first.entry.directory, { recursive: true });
    expect(await AuditVerify.run(['--all'], ROOT)).toMatchObject({
      ok: false,
      findings: [{ kind: 'deleted', session: first.entry.name }],
    });
    const index = join(state, 'index.jsonl');
    writeFileSync(index, readFileSync(index, 'utf8').split('\n').slice(2).join('\n'));
    const edited = await AuditVerify.run(['--all'], ROOT);
    expect(edited).toMatchObject({ ok: false, findings: [{ kind: 'bad_index', line: 1 }] });
    const planted = join(state, 'sessions', `20260103T000000Z-${'ab'.repeat(10)}`);
    mkdirSync(planted);
    writeFileSync(join(planted, 'audit.jsonl'), readFileSync(second.entry.log));
    writeFileSync(join(planted, 'checkpoints'), readFileSync(join(second.entry.directory, 'checkpoints')));
    const verdict = await AuditVerify.run(['abab'], ROOT);
    expect(verdict.findings.map(({ kind }) => kind)).toContain('unlisted');
  });

  it('finds a log that is gone, and verifies the others all the same', async () => {
    const first = startSession(SID, NOBODY);
    endSession(first);
    endSession(startSession(OTHER_SID, NOBODY, Date.UTC(2026, 0, 2)));
    rmSync(first.entry.log);
    expect(await AuditVerify.run(['--all'], ROOT)).toMatchObject({
      ok: false,
      sessions: [{ ok: true }, { ok: false, findings: [{ kind: 'no_log' }] }],
    });
    expect(output).toContain('the log of this session is gone');
  });

  it('finds nothing wrong with a session that was killed before its log was in the index', async () => {
    endSession(startSession(SID, NOBODY));
    const [begun, called] = [Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 3)];
    createSession(state, { sid: '0a'.repeat(10), label: '', command: '', pid: NOBODY, now: begun });
    startSession(OTHER_SID, NOBODY, begun, 'unlisted');
    expect(await AuditVerify.run(['--all'], ROOT)).toMatchObject({ ok: true, sessions: [{}, {}] });
    usualCalls(startSession('0b'.repeat(10), NOBODY, called, 'unlisted').writer);
    expect(await AuditVerify.run(['--all'], ROOT)).toMatchObject({
      ok: false,
      sessions: [{ findings: [{ kind: 'unlisted' }] }, { ok: true }, { ok: true }],
    });
  });

  it('refuses a log certified by another machine, and accepts a file with the right host key', async () => {
    const session = startSession(SID, NOBODY);
    endSession(session);
    const host = loadHostKey(state).publicKey.toString('base64url');
    expect(await AuditVerify.run([session.entry.log, '--host-key', host], ROOT)).toMatchObject({ ok: true });
    rmSync(join(state, 'host.key'));
    loadHostKey(state);
    const verdict = await AuditVerify.run([], ROOT);
    expect(verdict.findings.map(({ kind }) => kind)).toEqual(['bad_certificate']);
    await AuditVerify.run([session.entry.log, '--host-key', 'AAAA'], ROOT);
    await AuditVerify.run(['./nothing.jsonl'], ROOT);
    expect(errors).toContain('a host key has 32 bytes');
    expect(errors).toContain('there is no readable audit log at "./nothing.jsonl"');
    expect(process.exitCode).toBe(2);
  });

  it('does not call half a line damage while its writer lives, and does when the writer is gone', async () => {
    const running = startSession(SID, process.pid);
    appendFileSync(running.entry.log, '{"v":1,"se');
    expect(await AuditVerify.run(['0339'], ROOT)).toMatchObject({ ok: true, state: 'running' });
    const killed = startSession(OTHER_SID, NOBODY);
    appendFileSync(killed.entry.log, '{"v":1,"se');
    expect(await AuditVerify.run(['ffee'], ROOT)).toMatchObject({
      ok: false,
      findings: [{ kind: 'torn', seq: 1, line: 2 }],
    });
  });
});
