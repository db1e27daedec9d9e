// Repeaters of other Unix users, as real users of this machine: nobody here has these numbers. Only root can do it, so as
// anybody else there is one claim left: the run refuses.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFakeAws } from '../fakes/aws.js';
import { startFakeGithub } from '../fakes/github.js';
import { until } from '../helpers/processes.js';
import { type ReadableCopy, readableCopy } from '../helpers/readable-copy.js';
import { configText, credentialVariables } from '../helpers/turret.js';
import { World } from '../helpers/turret-world.js';

const [ONE, OTHER] = [54_321, 54_322];
const IS_ROOT = process.getuid?.() === 0;
const PROGRAM = `#!/bin/sh
case $1 in
  whoami)  echo "$(id -u) $(id -g) $(id -G) $HOME"; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status ;;
  shell)   sh -c "$(jq -r .script <&3)" 2>&1 ;;
  waits)   echo $$ $HOME; sleep 600 ;;
esac
`;
const ACTIONS = `actions:
  - { name: whoami }
  - { name: shell, params: { type: object, properties: { script: { type: string } }, required: [script], additionalProperties: false } }
  - { name: waits }
`;
let place: string;
let copy: ReadableCopy;
let world: World;

/** A manifest everybody can read, beside its program. */
function manifest(name: string, keys: string): void {
  writeFileSync(join(place, `${name}.yaml`), `profile: exec\ncommand: [./program.sh]\n${keys}\n${ACTIONS}`);
}

function config(repeaters: Record<string, string>): string {
  const blocks = Object.entries(repeaters).map(([name, block]) => `  ${name}: ${block}`);
  return `version: 1\nextends: []\nrepeaters:\n${blocks.join('\n')}\nrules: [{ id: all, allow: ["**"] }]\n`;
}

beforeAll(() => {
  copy = readableCopy();
  place = mkdtempSync('/var/tmp/turret-user-');
  chmodSync(place, 0o755);
  writeFileSync(join(place, 'program.sh'), PROGRAM);
  chmodSync(join(place, 'program.sh'), 0o755);
  mkdirSync(join(place, 'open'));
  chmodSync(join(place, 'open'), 0o777);
  manifest('one', `user: ${ONE}\nsandbox: off`);
  manifest('other', `user: ${OTHER}\nsandbox: off`);
  manifest('boxed', `user: ${ONE}`);
});
afterAll(() => {
  copy.remove();
  rmSync(place, { recursive: true, force: true });
});
beforeEach(() => {
  const blocks = ['one', 'other', 'boxed'].map((name) => [name, `{ manifest: ${place}/${name}.yaml }`]);
  world = new World(config(Object.fromEntries(blocks)), { turret: copy.turret });
});
afterEach(() => world.close());

async function said(...words: string[]): Promise<string> {
  const ran = await world.run(words, ['-q']);
  return String(ran.stdout) + ran.stderr;
}
const as = (uid: number, ...command: string[]) =>
  spawnSync('/usr/bin/setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command], {
    encoding: 'utf8',
  });
const theirDirectories = (): string[] => readdirSync('/tmp').filter((name) => name.startsWith('turret-r-'));

describe.each(IS_ROOT ? ['root'] : [])('a repeater with user:, started by %s', () => {
  it('is that user, in no other group, without a right of root, and has a home of its own that goes with the session', async () => {
    const [identity = '', ...rights] = (await said('turret', 'call', 'one.whoami')).split('\n');
    expect(identity).toMatch(/^54321 54321 54321 \/tmp\/turret-r-\d+-\w{8}$/);
    expect(rights).toEqual(['CapEff:\t0000000000000000', 'NoNewPrivs:\t1', '']);
    expect(theirDirectories()).not.toContain(basename(identity));
  });

  it('in its sandbox, too', async () => {
    const text = await said('turret', 'call', 'boxed.whoami');
    expect(text).toMatch(/^54321 54321 54321 \/tmp\/turret-r-\d+-\w{8}\nNoNewPrivs:\t1|CapEff:\t0+\n/);
    expect(
      await said('turret', 'call', 'boxed.shell', 'script=ls /proc | grep -c "^[0-9]"; touch open/x'),
    ).toMatch(/^\d\n.*Read-only file system/);
  });

  it('shuts the real aws and gh in, as that user', async () => {
    const [aws, github] = await Promise.all([startFakeAws(), startFakeGithub()]);
    const text = configText('everything.yaml', { aws: aws.url, gh: github.url });
    writeFileSync(
      world.config,
      text.replaceAll('credentials: env', `credentials: env, sandbox: required, user: ${ONE}`),
    );
    Object.assign(world.env, credentialVariables());
    expect(
      await said('sh', '-c', 'aws sts get-caller-identity --query Account; gh api user --jq .login'),
    ).toBe('"123456789012"\nocto-bot\n');
    await Promise.all([aws.close(), github.close()]);
  });

  it("reads nothing of the starter's, and nothing of another repeater's", async () => {
    const mine = join(place, 'mine');
    writeFileSync(mine, 'not for them', { mode: 0o600 });
    const script = `cat ${mine} ${world.config}; ls ${world.home} ${world.runtime}; head -c1 /proc/1/environ`;
    const text = await said('sh', '-c', `turret call one.shell 'script=${script}'`);
    expect(text).not.toContain('not for them');
    expect(text.match(/Permission denied/g)).toHaveLength(5);
    // Both live, and each looks for the other.
    const both = await said(
      'sh',
      '-c',
      'turret call one.waits >pid & while ! [ -s pid ]; do sleep 0.05; done; read pid home <pid; turret call other.shell "script=ls -d /tmp/turret-r-*; ls /tmp/turret-r-*; cat /proc/$pid/environ; kill -9 $pid; id -u"',
    );
    expect(both).toMatch(/ls: cannot open directory '\/tmp\/turret-r-[\w-]+': Permission denied/);
    expect(both).toMatch(/environ: Permission denied/);
    expect(both).toMatch(/(kill: .*not permitted|Operation not permitted)/);
  });

  it('is out of reach for other users of the machine, and dies with the session', async () => {
    const child = world.start(world.words(['sh', '-c', 'turret call one.waits'], ['-q']));
    let line = '';
    child.stdout?.on('data', (chunk: Buffer) => (line += String(chunk)));
    await until('it runs', () => line.endsWith('\n'), 20_000);
    const [word = '', home = ''] = line.trim().split(' ');
    const pid = Number(word);
    expect(statSync(`/proc/${pid}`).uid).toBe(ONE);
    const directory = basename(home);
    expect(as(OTHER, 'ls', join('/tmp', directory)).stderr).toContain('Permission denied');
    expect(as(OTHER, 'cat', `/proc/${pid}/environ`).stderr).toContain('Permission denied');
    expect(as(ONE, 'cat', `/proc/${pid}/environ`).status).toBe(0);
    child.kill('SIGKILL');
    await until('it is dead', () => !isAlive(pid), 10_000);
    // Nobody was there to remove it: the next session does.
    expect(theirDirectories()).toContain(directory);
    await said('turret', 'call', 'one.whoami');
    expect(theirDirectories()).not.toContain(directory);
  });

  it('starts again, and its home goes, whatever a program left there', async () => {
    const home = await said('turret', 'call', 'one.shell', 'script=mkdir -p ~/a/b; chmod 0 ~/a; echo ~');
    expect(home).toMatch(/^\/tmp\/turret-r-/);
    expect(theirDirectories()).not.toContain(basename(home.trim()));
    // Whoever has their rights can make such a one at any time.
    const another = '/tmp/turret-r-2147483647-abcdefgh';
    expect(as(ONE, '/bin/sh', '-c', `mkdir -p ${another}/a/b; chmod 0 ${another}/a`).status).toBe(0);
    expect(await said('turret', 'call', 'one.whoami')).toContain('54321 54321');
    expect(theirDirectories()).not.toContain(basename(another));
  });

  it('is killed at the end even when it listens to nobody', async () => {
    const stubborn = join(place, 'stubborn.sh');
    const script =
      '#!/bin/sh\ntrap "" TERM HUP INT\necho $$ >"$HOME/pid"; echo $$ >&2; while :; do sleep 1; done\n';
    writeFileSync(stubborn, script);
    chmodSync(stubborn, 0o755);
    writeFileSync(
      world.config,
      config({ deaf: `{ command: [${stubborn}], profile: binary, sandbox: off, user: ${ONE} }` }),
    );
    await said('sh', '-c', 'timeout 2 turret call deaf.x');
    const log = execFileSync('sh', ['-c', `cat ${world.state}/sessions/*/repeater-deaf.log`], {
      encoding: 'utf8',
    });
    expect(log).toMatch(/^\d+\n/);
    await until('it is dead', () => !isAlive(Number.parseInt(log, 10)), 5_000);
  });

  it.each([
    [
      'a user there is not',
      'nobody_is_called_so',
      /there is no user "nobody_is_called_so" for the repeater "one"/,
    ],
    ['root by another word', 'root', /root is no user of its own/],
    ['root by its number', '0', /root is no user of its own/],
  ])('is refused before anything starts: %s', async (_what, user, why) => {
    writeFileSync(world.config, config({ one: `{ manifest: ${place}/one.yaml, user: ${user} }` }));
    const ran = await world.run(['sh', '-c', 'echo started']);
    expect([ran.code, String(ran.stdout)]).toEqual([2, '']);
    expect(ran.stderr).toMatch(why);
  });

  it('is refused as the user that the agent has', async () => {
    const block = `{ manifest: ${place}/one.yaml, user: nobody }`;
    writeFileSync(world.config, `${config({ one: block })}agent_user: nobody\n`);
    const ran = await world.run(['sh', '-c', 'echo started']);
    expect([ran.code, String(ran.stdout)]).toEqual([2, '']);
    expect(ran.stderr).toContain('is to run as user nobody, whom agent_user gives to the agent');
  });

  it('that cannot read its program says so', async () => {
    const hidden = join(place, 'hidden.sh');
    writeFileSync(hidden, PROGRAM, { mode: 0o700 });
    writeFileSync(world.config, config({ one: `{ manifest: ${place}/one.yaml, command: [${hidden}] }` }));
    expect(await said('turret', 'call', 'one.whoami')).toContain(`user ${ONE} cannot read ${hidden}`);
  });
});

it('a run that is not started by root refuses a repeater with another user, and says what to do', async () => {
  const own = IS_ROOT ? { uid: OTHER } : {};
  const theirs = new World(config({ one: `{ manifest: ${place}/one.yaml }` }), {
    ...own,
    turret: copy.turret,
  });
  try {
    const ran = await theirs.run(['sh', '-c', 'echo started']);
    expect([ran.code, String(ran.stdout)]).toEqual([2, '']);
    expect(ran.stderr).toContain(
      `the repeater "one" is to run as user ${ONE}, and only root can start it as that`,
    );
    expect(ran.stderr).toContain('start turret run as root');
  } finally {
    theirs.close();
  }
});

/** A zombie is not: whoever should collect it may not be there any more. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
