// The sandbox that waits for the next call of a declared tool: what the tool finds in it is what it finds in one that is
// made for its call, and it is gone with the hosts that it was made for.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Process, descendants, until } from '../helpers/processes.js';
import { type TestAgent, type TestHome, makeHome, startAgent } from '../helpers/turret.js';

/** Everything that a sandbox can be told apart by, but for the name of its place. */
const LOOK = `#!/usr/bin/python3
import hashlib, os, resource, sys
status = open("/proc/self/status").read().splitlines()
kept = ("Umask", "Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Sig", "Shd")
place = os.path.dirname(os.getcwd())
print(place)
print(sys.argv)
print(sorted(os.environ.items()))
print(sorted((name, os.readlink("/proc/self/fd/" + name)[:5]) for name in os.listdir("/proc/self/fd") if int(name) < 3))
print(max(int(name) for name in os.listdir("/proc/self/fd")))
print([line for line in status if line.startswith(kept)])
print([resource.getrlimit(number) for number in range(16)], os.nice(0), os.getpgrp() == os.getpid())
print(sorted(line.split(" ", 4)[4] for line in open("/proc/self/mountinfo")))
print(sorted(os.path.relpath(os.path.join(at, name), place) for at, _, files in os.walk(place) for name in files))
print(hashlib.sha256(open(os.environ["HOME"] + "/.lookrc").read().encode()).hexdigest())
`;
const MANIFEST = `profile: cli
command: [./look, --always]
tools: [look]
secrets: [LOOK_KEY]
give: [{file: ../look.rc, home_file: .lookrc}]
actions:
  - {name: around, words: [around], annotations: {readOnly: true, destructive: false}}
  - {name: note, words: [note], stdin: true, annotations: {destructive: false}}
`;

let home: TestHome;
let agent: TestAgent;

beforeEach(() => {
  home = makeHome();
  const tools = path.join(home.directory, 'tools');
  mkdirSync(tools);
  writeFileSync(path.join(tools, 'look'), LOOK);
  chmodSync(path.join(tools, 'look'), 0o755);
  writeFileSync(path.join(tools, 'look.yaml'), MANIFEST);
});
afterEach(async () => {
  await agent.close();
  home.remove();
});

function credential(text: string): void {
  writeFileSync(path.join(home.directory, 'look.rc'), text, { mode: 0o600 });
}

function start(repeater: string): void {
  const config = `version: 1
repeaters: { look: { manifest: tools/look.yaml, ${repeater} } }
rules: [{ id: look, allow: [look.*] }]
`;
  agent = startAgent({ home, config, env: { LOOK_KEY: 'the-key-of-the-look-0123456789' } });
}

/** What the tool finds, its place apart. */
async function look(stdin?: string): Promise<{ place: string; found: string }> {
  const options = stdin === undefined ? {} : { stdin };
  const { code, stdout, stderr } = await agent.run(
    ['look', stdin === undefined ? 'around' : 'note'],
    options,
  );
  expect([code, stderr.toString()]).toEqual([0, '']);
  const [place = '', ...found] = stdout.toString().split('\n');
  return { place, found: found.join('\n').replaceAll(place, 'PLACE') };
}

const isWaiting = ({ command }: Process): boolean => command === '/proc/self/fd/4';
const waiting = (): Process[] => descendants(agent.pid).filter(isWaiting);
/** The place that the sandbox shows in which one waits. */
const placeOf = (): string | undefined => {
  if (waiting().length !== 1) return undefined;
  const sandboxes = descendants(agent.pid).filter(({ command }) => command.endsWith('/proc/self/fd/4'));
  return /--bind (\S+\/call-\w+) /.exec(sandboxes.map(({ command }) => command).join(' '))?.[1];
};

it.each(['network: credentials', 'network: open', 'network: ["example.test:443"]'])(
  'shows what one of its own does, with %s',
  async (network) => {
    credential('server: https://127.0.0.1:44300');
    start(`sandbox: required, ${network}`);
    const own = await look();
    const place = await until('one waits', placeOf);
    expect(place).not.toBe(own.place);
    const { found, ...here } = await look();
    expect({ found, ...here }).toEqual({ found: own.found, place });
    // Not with input, which would have to be there from the beginning: that waits for the next.
    const next = await until('the next waits', placeOf);
    const withInput = await look('x');
    expect(withInput.place).not.toBe(next);
    expect((await look()).place).toBe(next);
  },
);

it.each([
  ['hosts are no longer those of its credential', async () => credential('server: https://127.0.0.1:44301')],
  [
    'network has been killed',
    async () => {
      const keeper = descendants(agent.pid).find(({ command }) => /^\S*cat$/.test(command));
      process.kill(keeper?.pid ?? 0, 'SIGKILL');
      await until('it is gone', () => !descendants(agent.pid).some(({ pid }) => pid === keeper?.pid));
    },
  ],
])('is not used when its %s, and gone with them', async (_what, change) => {
  credential('server: https://127.0.0.1:44300');
  start('sandbox: required, network: credentials');
  await look();
  const old = await until('one waits', placeOf);
  const before = waiting().map(({ pid }) => pid);
  await change();
  expect((await look()).place).not.toBe(old);
  const next = await until('another waits', () => {
    const place = placeOf();
    return place === old ? undefined : place;
  });
  expect(before).not.toContain(waiting()[0]?.pid);
  expect((await look()).place).toBe(next);
});

it('waits nowhere for a tool that is not shut in', async () => {
  credential('nothing');
  start('sandbox: off');
  for (const _ of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await look();
    // oxlint-disable-next-line no-await-in-loop -- as above
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(waiting()).toEqual([]);
  }
});
