// libFuzzer on shims/native, with the sanitizers, from the vectors on. What it learns is kept in node_modules/.cache for the next run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'shims/native');
const corpus = join(root, 'node_modules/.cache/native-fuzz');
/** As in shims/native/test/fuzz.c. */
const [FRAMES, JSON_TEXT, TOKEN, FILES, CALL, TEXT] = [0, 1, 2, 3, 4, 5];
const COMPILED = [
  '-std=c17',
  '-D_GNU_SOURCE',
  '-DTURRET_VERSION="0"',
  '-g',
  '-O1',
  '-fno-sanitize-recover=all',
];

/** Runs for as many minutes as asked; returns the exit code, not 0 when something was found. */
export function fuzzNative(words) {
  const options = { native: { type: 'boolean' }, minutes: { type: 'string', default: '1' } };
  const { minutes } = parseArgs({ args: words, options }).values;
  const scratch = mkdtempSync(join(tmpdir(), 'turret-fuzz-'));
  try {
    const program = join(scratch, 'fuzz');
    const files = readdirSync(sources).filter((name) => name.endsWith('.c') && name !== 'main.c');
    const paths = [...files, 'test/fuzz.c'].map((name) => join(sources, name));
    const sanitizers = '-fsanitize=fuzzer,address,undefined';
    run('clang', [...COMPILED, sanitizers, `-I${sources}`, ...paths, '-o', program, '-lsodium']);
    const seeds = join(scratch, 'seeds');
    for (const directory of [corpus, seeds]) mkdirSync(directory, { recursive: true });
    for (const [at, seed] of seedsOf().entries()) writeFileSync(join(seeds, String(at)), seed);
    const limits = [
      `-max_total_time=${Math.round(Number(minutes) * 60)}`,
      '-max_len=8192',
      '-timeout=10',
      '-rss_limit_mb=1024',
    ];
    const shown = ['-print_final_stats=1', '-verbosity=1', `-artifact_prefix=${corpus}-`];
    return run(program, [...limits, ...shown, corpus, seeds], {
      TURRET_FUZZ_SCRATCH: scratch,
      ASAN_OPTIONS: 'detect_leaks=0',
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(file, args, env = {}) {
  const { status, error } = spawnSync(file, args, {
    stdio: 'inherit',
    env: { PATH: process.env.PATH, ...env },
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** Every vector, and conversations of all kinds, cut as they are and byte by byte. */
function seedsOf() {
  const vectors = JSON.parse(readFileSync(join(root, 'test/vectors/protocol.json'), 'utf8'));
  const hex = (group) =>
    vectors[group].map((vector) => Buffer.from(vector.hex, 'hex')).filter(({ length }) => length < 4_000);
  const texts = [...vectors.tokens, ...vectors.tokens_refused].map(({ text }) => Buffer.from(text));
  const json = [...hex('json_accepted'), ...hex('json_refused')];
  const frames = [...hex('frames'), ...hex('frames_refused')];
  const targets = [
    [FRAMES, [...frames, Buffer.concat(frames.slice(0, 4))]],
    [JSON_TEXT, json],
    [TOKEN, texts],
    [
      FILES,
      [Buffer.concat([file('a', 3), Buffer.from('abc'), file('d', 0, 'dir'), file('/tmp/x', 9, 'stat')])],
    ],
    [CALL, [...frames, ...conversations()]],
    [TEXT, [...json, Buffer.from('a\u001b[31m\u202e\\u{1b}😀')]],
  ];
  return targets.flatMap(([target, inputs]) =>
    inputs.flatMap((input) => [0, 255].map((piece) => Buffer.concat([Buffer.from([target, piece]), input]))),
  );
}

function frame(type, payload, { flags = 0, channel = 0, stream = 1 } = {}) {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const header = Buffer.from([1, type, flags, channel, 0, 0, 0, stream, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 8);
  return Buffer.concat([header, bytes]);
}

function file(path, size, kind = 'file') {
  const json = Buffer.from(JSON.stringify({ path, kind, size, mode: 0o644, mtime_ms: 1.5 }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json]);
}

function conversations() {
  const need = (path, use, tree = false) => ({ path, use, tree });
  const running = (...files) => frame(0x11, { state: 'running', call: 'c', needs: { stdin: true, files } });
  const data = (bytes, channel, flags = 0) => frame(0x12, Buffer.from(bytes), { channel, flags });
  const end = frame(0x17, { ok: true, exit: 0 });
  const refused = (error) => frame(0x17, { ok: false, error });
  const files = Buffer.concat([file('new', 3), Buffer.from('abc'), file('t/x/y', 1), Buffer.from('z')]);
  return [
    [running(), data('out', 1), data('err', 2), data('', 1, 1), data('', 2, 1), end],
    [running(need('d', 'read', true), need('.', 'stat'), need('d/l', 'stat'), need('in', 'read', true)), end],
    [running(need('up', 'read', true))],
    [running(need('new', 'write'), need('t', 'write', true)), data(files, 4, 1), end],
    [running(need('.', 'write', true)), data(file('up/new', 0), 4)],
    [running(need('in', 'write', true)), data(file('in/x', 0), 4)],
    [refused({ name: 'facts_needed', message: 'm', facts: ['env.TZ', 'git.remotes', '*'] })],
    [refused({ name: 'denied', message: 'm', hint: 'h', rule: 'r' })],
    [frame(0x13, Buffer.from([0, 2, 0, 0])), frame(0x18, Buffer.from([0, 0, 0, 104]))],
    [
      frame(0x05, Buffer.alloc(8), { stream: 0 }),
      frame(0x80, 'x', { stream: 0 }),
      frame(0x08, { name: 'draining', message: 'm' }, { stream: 0 }),
    ],
  ].map((frames) => Buffer.concat(frames));
}
