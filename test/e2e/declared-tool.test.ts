// A tool of one's own, declared: its options, its files by value, its credential, and what it finds around itself.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SessionOutcome, type TestHome, makeHome, runTurret } from '../helpers/turret.js';

const KEY = 'the-key-of-the-tickets-0123456789';

/** Says what it was started with; of the key a hash, because as it is it would be redacted. */
const TICKET = `#!/usr/bin/python3
import hashlib, os, sys
proof = lambda text: hashlib.sha256(text.encode()).hexdigest()
argv, env = sys.argv[1:], os.environ
for word in argv: print("arg", word)
print("key", proof(env["TICKET_KEY"]))
print("rc", proof(open(env["HOME"] + "/.ticketrc").read()))
print("env", *sorted(env))
print("here", *os.listdir())
if "attach" in argv: sys.stderr.write(open(argv[-1]).read()[::-1])
if "fetch" in argv:
    open(argv[-1], "w").write("fetched")
    open(".bashrc", "w").write("other")
print(sys.stdin.read(), env["TICKET_KEY"])
sys.exit(3)
`;

const MANIFEST = `profile: cli
command: [./ticket, --batch]
tools: [ticket]
secrets: [TICKET_KEY]
give: [{secret: TICKET_KEY, env: TICKET_KEY}, {secret: TICKET_KEY, home_file: .ticketrc}]
env: {TICKET_COLOR: never}
value_form: next
options:
  --space: {also: [-s], type: name, default: main}
actions:
  - {name: attach, words: [attach], annotations: {destructive: false}, positions: [{param: file, type: path, required: true}]}
  - {name: fetch, words: [fetch], annotations: {destructive: false}, positions: [{param: file, type: path, file: write, required: true}]}
  - {name: note, words: [note], stdin: true, annotations: {destructive: false}}
`;

let home: TestHome;
let outcome: SessionOutcome;
beforeAll(async () => {
  home = makeHome();
  const place = path.join(home.directory, 'tools');
  mkdirSync(place);
  writeFileSync(path.join(place, 'ticket'), TICKET);
  chmodSync(path.join(place, 'ticket'), 0o755);
  writeFileSync(path.join(place, 'ticket.yaml'), MANIFEST);
  mkdirSync(path.join(home.workspace, 'in'));
  writeFileSync(path.join(home.workspace, 'in/log.txt'), 'olleh');
  outcome = await runTurret({
    home,
    config: `version: 1
repeaters: { ticket: { manifest: tools/ticket.yaml, sandbox: required } }
rules: [{ id: tickets, allow: [ticket.*], where: { space: main } }]
`,
    env: { TICKET_KEY: KEY },
    command: [
      'sh',
      '-c',
      [
        'LD_PRELOAD=/tmp/x TICKET_SPACE=other ticket attach in/log.txt; echo "exit $?"',
        'ticket fetch out.txt; echo "exit $?"',
        'echo from stdin | ticket note',
        'ticket note -s other',
      ].join('\n'),
    ],
  });
}, 60_000);
afterAll(() => home.remove());

it('runs with the words that were decided, in a world of its own', () => {
  const [first] = outcome.stdout.toString().split('exit 3');
  const proof = createHash('sha256').update(KEY).digest('hex');
  expect(first?.trim().split('\n')).toEqual([
    'arg --batch',
    'arg attach',
    'arg --space',
    'arg main',
    'arg in/log.txt',
    `key ${proof}`,
    `rc ${proof}`,
    'env HOME LC_ALL PATH PWD TICKET_COLOR TICKET_KEY TMPDIR',
    'here in',
    ' [redacted by turret]',
  ]);
});

it('is handed files by value, and hands back the one it was to write and no other', () => {
  expect(outcome.stderr).toContain('hello');
  expect(readFileSync(path.join(home.workspace, 'out.txt'), 'utf8')).toBe('fetched');
  expect(readdirSync(home.workspace).sort()).toEqual(['in', 'out.txt']);
});

it('reads its input, and is not run for what policy denies', () => {
  expect(outcome.stdout.toString()).toContain('from stdin\n');
  expect(outcome.stderr).toContain('denied ticket.note');
  expect(outcome.code).toBe(126);
});

it('never shows its credential', () => {
  expect(outcome.stdout.toString() + outcome.stderr).not.toContain(KEY);
});
