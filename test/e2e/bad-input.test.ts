import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Ran } from '../helpers/broker-session.js';
import { processesWith, until } from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const KOFFI = realpathSync(fileURLToPath(new URL('../../node_modules/koffi', import.meta.url)));
const SENTINEL = ['sh', '-c', 'echo RAN > ran'];
const hasRun = (): boolean => existsSync(join(world.workspace, 'ran'));

/** Refused before the agent: this code, these words, and nothing was started or is left. */
async function refused(ran: Ran, code: number, error: RegExp, hint: RegExp): Promise<boolean> {
  expect(ran.stderr).toMatch(error);
  expect(ran.stderr).toMatch(hint);
  expect(ran.stderr).not.toMatch(/^\s+at /m);
  expect(ran.stdout.toString()).toBe('');
  expect(ran.code).toBe(code);
  expect(hasRun()).toBe(false);
  expect(world.runtimeSessions()).toEqual([]);
  return until('nothing is left', () => processesWith(world.root).length === 0);
}

/** A /tmp with nothing in it but the test's world, and Turret when it lies there. */
function emptyTmp(): string[] {
  return ['--tmpfs', '/tmp', '--bind', world.root, world.root, '--ro-bind', CHECKOUT, CHECKOUT];
}

/** Runs a command where some paths of the machine are others. */
function where(mounts: string[], words: string[]): Promise<Ran> {
  return world.finish(world.start(['/usr/bin/bwrap', '--dev-bind', '/', '/', ...mounts, '--', ...words]));
}

describe('the command line', () => {
  test.each([
    ['an unknown option', ['--isolaton=none', '--', 'true'], /error: .*--isolaton/],
    ['an unknown isolation', ['--isolation=some', '--', 'true'], /error: unknown isolation "some"/],
    ['no command', ['--quiet'], /error: there is no command to run/],
    ['nothing after the dashes', ['--'], /error: there is no command to run/],
    ['a command without dashes', ['true'], /error: "true" is no option\n.*: turret run -- COMMAND/],
    [
      'a variable with its value',
      ['--env', 'KEY=hunter2', '--', 'true'],
      /error: --env takes the name of a variable, without a value\n.*: set it before: KEY=… turret run --env KEY /,
    ],
    [
      'one that looks like a secret, too',
      ['--env-unsafe=KEY=hunter2', '--', 'true'],
      /error: --env-unsafe takes the name of a variable, without/,
    ],
    ['an option without its value', ['--config', '--', 'true'], /error: .*--config/],
  ])('%s is refused with 2 and how to type it', async (_, argv, error) => {
    const ran = await world.turret('run', ...argv);
    expect(await refused(ran, 2, error, /hint: /)).toBe(true);
    expect(ran.stderr).not.toContain('hunter2');
  });

  test('a word that is no text is refused, and one with a replacement character of its own is not', async () => {
    const shell = (word: string): string[] => [
      'sh',
      '-c',
      `exec "$@" "$(printf '${word}')"`,
      'sh',
      ...world.words(['echo']),
    ];
    const ran = await world.finish(world.start(shell('\\303')));
    expect(await refused(ran, 2, /error: an argument is not UTF-8/, /hint: rename/)).toBe(true);
    expect((await world.finish(world.start(shell('\\357\\277\\275')))).stdout.toString()).toBe('\u{fffd}\n');
  });

  test("an option of the agent is the agent's", async () => {
    expect((await world.run(['echo', '--quiet', '--help'])).stdout.toString()).toBe('--quiet --help\n');
  });
});

describe('the command', () => {
  test.each([
    ['an empty one', '', 127, /error: the command is empty/],
    [
      'one that is not installed',
      'definitely-not-a-command',
      127,
      /error: command not found: definitely-not-a-command/,
    ],
    ['a file that is not there', './nowhere', 127, /error: no such file: \.\/nowhere/],
    ['a file that is not executable', './plain', 126, /error: not an executable file: \.\/plain/],
    ['a directory', './directory', 126, /error: \.\/directory is a directory/],
    ['a link to nothing', './dangling', 127, /error: no such file: \.\/dangling/],
    [
      'one with escape sequences in its name',
      'a\u001b[31mb',
      127,
      /error: command not found: a\\[^\u001b]*\[31mb/,
    ],
  ])('%s', async (_, name, code, error) => {
    writeFileSync(join(world.workspace, 'plain'), 'echo RAN > ran');
    mkdirSync(join(world.workspace, 'directory'));
    symlinkSync('nothing', join(world.workspace, 'dangling'));
    expect(await refused(await world.run([name]), code, error, /hint: /)).toBe(true);
  });

  test.each(['auto', 'none'])('a script whose interpreter is not there (isolation %s)', async (mode) => {
    const script = join(world.workspace, 'broken');
    writeFileSync(script, '#!/no/such/interpreter -x\n', { mode: 0o755 });
    const ran = await world.run(['./broken'], [`--isolation=${mode}`]);
    const error = /error: the interpreter of \.\/broken is not there: \/no\/such\/interpreter\n/;
    expect(await refused(ran, 126, error, /hint: /)).toBe(true);
  });

  test('a script without a first line of that kind runs, by a shell', async () => {
    writeFileSync(join(world.workspace, 'plain'), 'echo hi\n', { mode: 0o755 });
    expect((await world.run(['./plain'])).stdout.toString()).toBe('hi\n');
  });

  test('one that lies where the sandbox shows nothing is run all the same', async () => {
    const script = join(world.root, 'agent.sh');
    writeFileSync(script, '#!/bin/sh\necho RAN\n', { mode: 0o755 });
    expect((await world.run([script])).stdout.toString()).toBe('RAN\n');
  });

  test('a tool of a repeater is its shim, even when it is not installed', async () => {
    const ran = await world.run(['turret', 'call', 'echo.say', 'text=hi'], ['--isolation=none']);
    expect(ran.stdout.toString()).toBe('hi\n');
  });
});

describe('the configuration', () => {
  test('a typo is told with file, line, column and the nearest key', async () => {
    writeFileSync(world.config, 'version: 1\nextends: []\nrepeters: { echo: {} }\n');
    const ran = await world.run(SENTINEL);
    expect(await refused(ran, 2, /error: .*turret\.yaml:3:1: .*repeters/, /repeaters/)).toBe(true);
  });

  test('a file that is not there is told', async () => {
    rmSync(world.config);
    expect(
      await refused(
        await world.run(SENTINEL),
        2,
        /error: .*turret\.yaml: there is no such file \(turret init --print/,
        /hint: check it with: turret policy check --config .*turret\.yaml\n/,
      ),
    ).toBe(true);
  });

  test('a directory in its place is told', async () => {
    rmSync(world.config);
    mkdirSync(world.config);
    expect(await refused(await world.run(SENTINEL), 2, /error: .*turret\.yaml is not a file/, /hint: /)).toBe(
      true,
    );
  });

  test('a file that others can write is not believed', async () => {
    chmodSync(world.config, 0o666);
    expect(await refused(await world.run(SENTINEL), 2, /error: .*turret\.yaml/, /hint: /)).toBe(true);
  });
});

describe('places', () => {
  test('the home directory is no workspace', async () => {
    const words = world.words(SENTINEL);
    const ran = await world.finish(world.start(words, { cwd: world.home }));
    expect(await refused(ran, 126, /error: the working directory is your home directory/, /hint: .*cd/)).toBe(
      true,
    );
    expect(existsSync(join(world.home, 'ran'))).toBe(false);
  });

  test('nor is a directory above it', async () => {
    const ran = await world.finish(world.start(world.words(SENTINEL), { cwd: world.root }));
    expect(
      await refused(ran, 126, /error: the working directory holds your home directory/, /hint: .*cd/),
    ).toBe(true);
    expect(existsSync(join(world.root, 'ran'))).toBe(false);
  });

  test('without HOME there is no place for the log, and it is said', async () => {
    const { HOME: _, ...env } = world.env;
    world.env = env;
    expect(
      await refused(await world.run(SENTINEL), 125, /error: .*HOME is not set/, /hint: .*XDG_STATE_HOME/),
    ).toBe(true);
  });

  test('a HOME that cannot be written is told, and XDG_STATE_HOME helps', async () => {
    const readOnly = ['--ro-bind', world.home, world.home];
    expect(
      await refused(
        await where(readOnly, world.words(SENTINEL)),
        125,
        /error: the session cannot be recorded below/,
        /hint: .*XDG_STATE_HOME/,
      ),
    ).toBe(true);
    world.env = { ...world.env, XDG_STATE_HOME: join(world.root, 'state') };
    expect((await where(readOnly, world.words(SENTINEL))).code).toBe(0);
    expect(hasRun()).toBe(true);
    expect(readdirSync(join(world.root, 'state/turret/sessions'))).toHaveLength(1);
  });

  // There the parent is, and no directory can be made in it: Node's own `mkdir -p` tries for ever.
  test('a HOME in /proc ends it at once', async () => {
    world.env = { ...world.env, HOME: '/proc/self/fdinfo/home' };
    expect(
      await refused(
        await world.run(SENTINEL),
        125,
        /error: the session cannot be recorded below/,
        /hint: .*XDG_STATE_HOME/,
      ),
    ).toBe(true);
  });

  test('a runtime directory with a name too long for a socket is passed over', async () => {
    const long = join(world.root, 'x'.repeat(100));
    mkdirSync(long, { mode: 0o700 });
    world.env = { ...world.env, XDG_RUNTIME_DIR: long };
    const words = world.words(
      ['sh', '-c', 'turret call echo.say text=hi; dirname "$(dirname "$(command -v turret)")"'],
      ['--isolation=none'],
    );
    const ran = await where(emptyTmp(), words);
    expect(ran.stdout.toString()).toMatch(
      new RegExp(`^hi\n/tmp/turret-${process.getuid?.()}/[0-9a-f]{20}/agent\n$`),
    );
    expect(readdirSync(long)).toEqual([]);
  });

  test.each([
    ['a link', 'mkdir -m 700 /tmp/mine; ln -s /tmp/mine /tmp/turret-$(id -u)'],
    ['open to others', 'mkdir /tmp/turret-$(id -u); chmod 755 /tmp/turret-$(id -u)'],
    ['a file', 'echo > /tmp/turret-$(id -u)'],
  ])('a directory in /tmp that is %s is not used', async (_, prepare) => {
    const { XDG_RUNTIME_DIR: __, ...env } = world.env;
    world.env = env;
    const words = ['sh', '-c', `${prepare}; exec "$@"`, 'sh', ...world.words(SENTINEL)];
    const ran = await where(emptyTmp(), words);
    expect(await refused(ran, 125, /error: .*\/tmp\/turret-\d+/, /hint: .*XDG_RUNTIME_DIR/)).toBe(true);
  });

  test('a runtime directory that is open to others is not used', async () => {
    chmodSync(world.runtime, 0o755);
    const words = world.words(['sh', '-c', 'turret call echo.say text=hi']);
    const ran = await where(emptyTmp(), words);
    expect(ran.stdout.toString()).toBe('hi\n');
    expect(readdirSync(world.runtime)).toEqual([]);
  });
});

describe('no sandbox to be had', () => {
  test('too few open files are told as what they are', async () => {
    const few = ['sh', '-c', 'ulimit -n 30; exec "$@"', 'sh', ...world.words(SENTINEL)];
    const ran = await world.finish(world.start(few));
    expect(await refused(ran, 126, /error: .*too few files may be open/, /hint: ulimit -n /)).toBe(true);
  });

  const NO_BUBBLEWRAP = ['--ro-bind', '/dev/null', '/usr/bin/bwrap'];
  const NO_KOFFI = ['--tmpfs', KOFFI];
  const NO_CONFINE = ['--ro-bind', '/dev/null', join(CHECKOUT, 'dist/native/confine')];

  test.each([
    ['auto', NO_KOFFI],
    ['strict', []],
    ['namespaced', []],
  ])(
    'without bubblewrap, isolation %s refuses where nothing else holds, and the command never runs',
    async (mode, also) => {
      const ran = await where([...NO_BUBBLEWRAP, ...also], world.words(SENTINEL, [`--isolation=${mode}`]));
      expect(
        await refused(ran, 126, /error: .*bubblewrap is not installed/, /hint: apt-get install bubblewrap/),
      ).toBe(true);
    },
  );

  test('without bubblewrap, auto takes Landlock and says why; a floor above that refuses', async () => {
    const told = await where(NO_BUBBLEWRAP, world.words(['sh', '-c', 'echo "$TURRET_ISOLATION"']));
    expect(told.stdout.toString()).toBe('landlock\n');
    expect(told.stderr).toMatch(
      /isolation landlock: .*command lines can be seen.*bubblewrap is not installed/,
    );
    appendFileSync(world.config, 'min_isolation: namespaced\n');
    const ran = await where(NO_BUBBLEWRAP, world.words(SENTINEL));
    expect(await refused(ran, 126, /error: .*bubblewrap is not installed/, /hint: /)).toBe(true);
  });

  test('without koffi and confine, namespaced still holds what bubblewrap holds and says what stays open; with either it holds more', async () => {
    const reach = `exec 3<>/dev/tcp/127.0.0.1/1`;
    for (const one of [NO_KOFFI, NO_CONFINE]) {
      // oxlint-disable-next-line no-await-in-loop -- one session after the other
      const closed = await where(one, world.words(['bash', '-c', reach]));
      expect(closed.stderr).toMatch(/isolation namespaced: .*TCP only to port 53, 443/);
      expect(closed.stderr).toMatch(/Permission denied/);
    }
    const neither = [...NO_KOFFI, ...NO_CONFINE];
    const open = await where(neither, world.words(['bash', '-c', reach]));
    expect(open.stderr).toMatch(/isolation namespaced: .*the network is open.*koffi is not installed/);
    expect(open.stderr).toMatch(/Connection refused/);
    const held = await where(neither, world.words(SENTINEL, ['--net=ports']));
    expect(
      await refused(held, 126, /error: net: ports cannot be held here: .*koffi/, /hint: net: open/),
    ).toBe(true);
  });

  test('without bubblewrap, isolation none runs it, and says what that means', async () => {
    const ran = await where(NO_BUBBLEWRAP, world.words(SENTINEL, ['--isolation=none']));
    expect(ran.code).toBe(0);
    expect(hasRun()).toBe(true);
    expect(ran.stderr).toMatch(/isolation none: .*can read your keys/);
  });

  test('min_isolation: none lets auto go all the way, and says so', async () => {
    appendFileSync(world.config, 'min_isolation: none\n');
    const ran = await where([...NO_BUBBLEWRAP, ...NO_KOFFI], world.words(SENTINEL));
    expect(ran.code).toBe(0);
    expect(hasRun()).toBe(true);
    expect(ran.stderr).toMatch(/isolation none: .*not better: bubblewrap is not installed; .*koffi/);
  });

  test('min_isolation: strict makes auto strict, and no flag goes below it', async () => {
    appendFileSync(world.config, 'min_isolation: strict\n');
    const ran = await world.finish(world.start(world.words(['sh', '-c', 'echo "$TURRET_ISOLATION"'])));
    expect(ran.stdout.toString()).toBe('strict\n');
    const below = await world.finish(world.start(world.words(SENTINEL, ['--isolation=none'])));
    expect(await refused(below, 126, /min_isolation: strict/, /hint: leave --isolation out/)).toBe(true);
  });

  test('where no namespace may be made, it refuses and says why', async () => {
    // A sandbox that forbids further ones, as a container does.
    const words = [
      '/usr/bin/bwrap',
      '--unshare-user',
      '--disable-userns',
      '--dev-bind',
      '/',
      '/',
      '--',
      ...world.words(SENTINEL, ['--isolation=namespaced']),
    ];
    expect(
      await refused(
        await world.finish(world.start(words)),
        126,
        /error: the agent cannot be isolated on this machine: /,
        /hint: .*--isolation=none/,
      ),
    ).toBe(true);
  });

  test('a bwrap in the workspace or on the PATH is not run', async () => {
    const own = join(world.workspace, 'bwrap');
    writeFileSync(own, `#!/bin/sh\necho RAN > '${world.workspace}/ran'\nexec /usr/bin/bwrap "$@"\n`, {
      mode: 0o755,
    });
    world.env = { ...world.env, PATH: `${world.workspace}:${world.env['PATH']}` };
    expect((await world.run(['true'])).code).toBe(0);
    expect(lstatSync(own).isFile()).toBe(true);
    expect(hasRun()).toBe(false);
  });
});
