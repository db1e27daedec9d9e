import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type ReadableCopy, readableCopy } from '../helpers/readable-copy.js';
import { ECHO_CONFIG, World } from '../helpers/turret-world.js';

const NEEDLE = 'c4NaRyNeEdLe';
const CONFIG = `version: 1
extends: []
repeaters: { aws: { region: us-east-1, credentials: env, endpoint: "http://127.0.0.1:9" }, echo: {} }
rules: [{ id: echo, allow: ["echo.**"] }]
`;
const KEY_FILES = [
  '.aws/credentials', '.aws/config', '.ssh/id_ed25519', '.config/gh/hosts.yml', '.git-credentials', '.npmrc', '.netrc',
  '.docker/config.json', '.kube/config', '.gnupg/secring.gpg', '.bash_history', '.cargo/credentials.toml', 'notes.txt',
]; // prettier-ignore
/** A user id that is nobody's here. */
const UNUSED_UID = 54_321;

// The suite may run as root, then both are tried, or as a user, then that is the unprivileged one.
const USERS: [string, number | undefined][] =
  process.getuid?.() === 0
    ? [
        ['root', undefined],
        ['an unprivileged user', UNUSED_UID],
      ]
    : [['an unprivileged user', undefined]];

describe.each(USERS)('as %s', (_, uid) => {
  let copy: ReadableCopy | undefined;
  let world: World;
  beforeAll(() => {
    if (uid !== undefined) copy = readableCopy();
  });
  afterAll(() => copy?.remove());
  beforeEach(() => {
    world = new World(CONFIG, {
      ...(uid === undefined ? {} : { uid }),
      ...(copy === undefined ? {} : { turret: copy.turret }),
    });
    world.env = {
      ...world.env,
      SECRET_FOR_NOBODY: NEEDLE,
      AWS_SECRET_ACCESS_KEY: NEEDLE,
      AWS_ACCESS_KEY_ID: NEEDLE,
    };
    // Readable by everybody, so that nothing but the sandbox keeps the agent from them.
    for (const file of KEY_FILES) {
      mkdirSync(dirname(join(world.home, file)), { recursive: true });
      writeFileSync(join(world.home, file), `${NEEDLE}\n`);
    }
  });
  afterEach(() => world.close());

  /** What a shell script sees and says, inside and, as the control, without a sandbox. */
  async function said(script: string, mode = 'auto', options: string[] = []): Promise<string> {
    const words = ['bash', '-c', `{ ${script}\n} 2>&1`];
    const ran = await world.run(words, [`--isolation=${mode}`, '-q', ...options]);
    return ran.stdout.toString() + ran.stderr;
  }

  test("the processes are the agent's own", async () => {
    const look = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '";
    expect(await said(look, 'none')).toContain('broker/main.cjs');
    const inside = await said(look);
    expect(inside).toMatch(/bwrap/);
    expect(inside).not.toMatch(/turret\.js|main\.c?js|vitest/);
    expect(await said('echo /proc/[0-9]*')).toBe('/proc/1 /proc/2\n');
  });

  test('no environment of any process has a secret, the first one of the sandbox included', async () => {
    const look = `grep -lac ${NEEDLE} $(ls -d /proc/[0-9]*/environ) | wc -l`;
    expect(Number((await said(look, 'none')).trim().split('\n').at(-1))).toBeGreaterThan(0);
    expect((await said(look)).trim().split('\n').at(-1)).toBe('0');
    expect(await said("tr '\\0' '\\n' </proc/1/environ | wc -l")).toMatch(/^[1-9]/);
  });

  test('no file of the home directory is there but what an agent needs', async () => {
    const look = `grep -rlF ${NEEDLE} ${KEY_FILES.map((file) => `"$HOME/${file}"`).join(' ')} | wc -l`;
    expect(await said(look, 'none')).toBe(`${KEY_FILES.length}\n`);
    expect((await said(look)).trim().split('\n').at(-1)).toBe('0');
    expect(await said('find "$HOME" -mindepth 1 -type f')).toBe('');
  });

  test('what an agent needs of it is there, and stays when it is written', async () => {
    mkdirSync(join(world.home, '.claude'), { mode: 0o777 });
    writeFileSync(join(world.home, '.gitconfig'), '[user]\n');
    // Settings are shown, unless somebody wrote a key into them.
    writeFileSync(join(world.home, '.zshrc'), `export SOME_TOKEN=${NEEDLE}\n`);
    await said('chmod 777 ~/.claude');
    const inside = await said('cat ~/.gitconfig; echo x > ~/.gitconfig; ls -A ~');
    expect(inside).toMatch(/^\[user\]\n.*Read-only file system\n\.cache\n\.claude\n\.gitconfig\n\.npm\n$/);
  });

  test('/tmp, /var/tmp and /run hold nothing of the host', async () => {
    const inside = await said('find /tmp /var/tmp /run /dev/shm -mindepth 1 -not -path "/run/turret*"');
    const own = [world.root, world.home, world.workspace, '/run/systemd', '/run/resolvconf'];
    const foreign = inside
      .trim()
      .split('\n')
      .filter(
        (path) =>
          !own.some(
            (known) =>
              path === known ||
              /^\/tmp\/tw-\w+\/home\/\.(?:npm|cache)$/.test(path) ||
              path.startsWith('/run/systemd') ||
              path.startsWith('/run/resolvconf'),
          ),
      );
    // This node, where it lies below one of them, and the directories on the way to it.
    expect(foreign.filter((path) => !`${process.execPath}/`.startsWith(`${path}/`))).toEqual([]);
    expect((await said('ls /run/turret')).split('\n').sort()).toEqual([
      '',
      'agent.sock',
      'bash-env',
      'bin',
      'launcher',
      'node',
      'streams',
      'token',
    ]);
  });

  test.each(['auto', 'landlock'])(
    'a program that npm installed comes with its packages, wherever that is, and with nothing beside them: %s',
    async (mode) => {
      const prefix = join(world.root, 'npm');
      const agent = join(prefix, 'lib/node_modules/claude');
      for (const directory of [agent, join(prefix, 'bin'), join(prefix, 'lib/node_modules/other')])
        mkdirSync(directory, { recursive: true });
      writeFileSync(join(prefix, 'lib/notes.txt'), NEEDLE);
      writeFileSync(join(prefix, 'lib/node_modules/other/index.js'), "module.exports = 'imported';\n");
      const look = `console.log(require('other')); try { console.log(require('fs').readFileSync('${prefix}/lib/notes.txt', 'utf8')); } catch {}`;
      writeFileSync(
        join(agent, 'main.js'),
        `#!${process.execPath}\n${look}\nrequire('fs').writeFileSync(process.env.HOME + '/.claude/login', 'mine');\n`,
        { mode: 0o755 },
      );
      symlinkSync('../lib/node_modules/claude/main.js', join(prefix, 'bin/claude'));
      const ran = await world.run([join(prefix, 'bin/claude')], [`--isolation=${mode}`, '-q']);
      expect({ code: ran.code, said: ran.stdout.toString() + ran.stderr }).toEqual({
        code: 0,
        said: 'imported\n',
      });
      // An agent that is known by its name has a place in HOME from the first start, and what it writes there stays.
      expect(readFileSync(join(world.home, '.claude/login'), 'utf8')).toBe('mine');
    },
  );

  test.each(['auto', 'landlock'])(
    'a home that HOME is a link to is no more open for that: %s',
    async (mode) => {
      // Not in /tmp, which is empty inside.
      const home = mkdtempSync(join(process.cwd(), 'home-'));
      const link = join(world.root, 'link');
      try {
        symlinkSync(home, link);
        writeFileSync(join(home, 'key'), NEEDLE);
        if (uid !== undefined) chownSync(home, uid, uid);
        world.env = { ...world.env, HOME: link };
        const look = `cat "$HOME/key"; cat ${home}/key; cd "$HOME" && echo there`;
        expect(await said(look, 'none')).toBe(`${NEEDLE}${NEEDLE}there\n`);
        const inside = await said(look, mode);
        expect(inside).not.toContain(NEEDLE);
        expect(inside).toMatch(/there\n$/);
        const words = world.words(['true'], [`--isolation=${mode}`]);
        const ran = await world.finish(world.start(words, { cwd: link }));
        expect(ran.stderr).toMatch(/the working directory is your home directory/);
      } finally {
        rmSync(home, { recursive: true });
      }
    },
  );

  test('a policy that lies in the workspace can be read and not changed', async () => {
    const policy = join(world.workspace, 'policy.yaml');
    writeFileSync(policy, ECHO_CONFIG, { mode: 0o644 });
    const tries = 'echo x >> policy.yaml; mv policy.yaml other; rm -f policy.yaml; cp policy.yaml seen';
    const words = world.words(['sh', '-c', `(${tries}) 2>/dev/null; echo ok > mine; ls`]);
    words[words.indexOf(world.config)] = policy;
    const ran = await world.finish(world.start(words));
    expect(ran.stdout.toString()).toBe('mine\npolicy.yaml\nseen\n');
    expect(readFileSync(policy, 'utf8')).toBe(ECHO_CONFIG);
  });

  test('the workspace is writable, everything else is not', async () => {
    const places = ['/', '/etc', '/usr/bin', '/run', '/run/turret', '/run/turret/bin'];
    const written = `echo x > mine && echo OK; for d in ${places.join(' ')}; do { : > $d/x; } 2>/dev/null && echo WROTE $d; done`;
    expect(await said(written)).toBe('OK\n');
  });

  test.each([
    ['in the home directory', {}],
    ['in the workspace', { XDG_STATE_HOME: 'work/state', XDG_RUNTIME_DIR: 'work/run' }],
  ])('the log, the keys and the admin socket cannot be seen, wherever they are: %s', async (__, places) => {
    for (const [name, path] of Object.entries(places)) {
      if (name === 'XDG_RUNTIME_DIR') world.start(['mkdir', '-m', '700', join(world.root, path)]);
      world.env = { ...world.env, [name]: join(world.root, path) };
    }
    await new Promise((resolve) => world.start(['true']).on('exit', resolve));
    const look = `find ${world.root} -name admin.sock -o -name admin.token -o -name host.key -o -name audit.jsonl -o -name session.json`;
    const control = await said(look, 'none');
    for (const name of ['admin.sock', 'admin.token', 'host.key', 'audit.jsonl', 'session.json'])
      expect(control).toContain(name);
    expect(await said(look)).toBe('');
  });

  test('nor on the very first start, when there is no state directory yet', async () => {
    world.env = { ...world.env, XDG_STATE_HOME: join(world.workspace, 'state') };
    expect(await said(`find ${world.root} -name host.key -o -name audit.jsonl`)).toBe('');
  });

  test('aws is the shim, however it is called', async () => {
    const calls = {
      'by its name': 'aws s3 ls',
      'by its absolute path': '/usr/bin/aws s3 ls',
      'in a login shell': "bash -lc 'aws s3 ls'",
      'with no environment': 'env -i /usr/bin/aws s3 ls',
      'by a link': 'ln -sf /usr/bin/aws ./aws && ./aws s3 ls',
      'after PATH was changed': 'PATH=/usr/bin:/bin aws s3 ls',
    };
    const script = Object.entries(calls).map(([how, command]) => `echo '${how}'; ${command}; echo "code $?"`);
    const inside = await said(script.join('\n'));
    for (const how of Object.keys(calls)) {
      expect(inside).toMatch(
        new RegExp(`${how}\nturret: (?:error: )?denied aws\\.s3\\.list_buckets[^]*?\ncode 126\n`),
      );
    }
  });

  test('the shim cannot be moved away from the real program', async () => {
    const attempts = [
      'rm /usr/bin/aws',
      'mv /usr/bin/aws /tmp/x',
      'cp /bin/true /usr/bin/aws',
      'umount /usr/bin/aws',
      'mount --bind /bin/true /usr/bin/aws',
    ];
    const inside = await said(
      `${attempts.map((attempt) => `${attempt} && echo DONE`).join('; ')}; cmp /usr/bin/aws /run/turret/launcher && echo SAME`,
    );
    expect(inside).not.toContain('DONE');
    expect(inside).toMatch(/SAME\n$/);
  });

  test("nothing can be unmounted to see what is below, in a namespace of the agent's neither", async () => {
    const places = `"$HOME" /tmp /run /run/turret ${world.workspace} /proc`;
    const look = `grep -rsl ${NEEDLE} "$HOME"`;
    const inside = await said(
      `for p in ${places}; do umount -l $p && echo DONE; done; unshare -Urm sh -c 'for p in ${places}; do umount -l $p && echo DONE; done; ${look}; ls ${world.runtime}'; mount -o remount,rw / && echo DONE; ${look}; grep CapEff /proc/self/status`,
    );
    expect(inside).not.toContain('DONE');
    expect(inside).not.toContain('.aws');
    expect(inside).toMatch(/CapEff:\t0000000000000000\n$/);
  });

  const NESTED =
    'bwrap --unshare-user --unshare-pid --ro-bind / / --proc /proc --dev /dev sh -c "turret call echo.say text=nested"';
  const isRoot = (uid ?? process.getuid?.()) === 0;
  // Root without capabilities may not map itself into a further namespace, and its /proc has covers that a second one must not lift.
  test(`an agent ${isRoot ? 'of root cannot' : 'can'} have a sandbox of its own, and ${isRoot ? 'that is said by it' : 'acts from there'}`, async () => {
    expect(await said(NESTED)).toMatch(
      isRoot ? /^bwrap: setting up uid map: Operation not permitted\n$/ : /^nested\n$/,
    );
  });

  test('with isolation strict it cannot, and there is no network', async () => {
    expect(await said(`${NESTED} || echo REFUSED`, 'strict')).toMatch(/REFUSED\n$/);
    const server: Server = createServer((socket) => socket.end('reached\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const reach = `cat < /dev/tcp/127.0.0.1/${port}`;
    expect(await said(reach, 'auto', ['--net=open'])).toBe('reached\n');
    expect(await said(reach, 'auto', [`--port=${port}`])).toBe('reached\n');
    expect(await said(reach)).toMatch(/Permission denied/);
    expect(await said(reach, 'auto', ['--net=none'])).toMatch(/refused|unreachable/i);
    expect(await said(reach, 'strict')).toMatch(/refused|unreachable/i);
    expect(await said('turret call echo.say text=strict', 'strict')).toBe('strict\n');
    server.close();
  });

  test('where the program that gives rights up was not compiled, a thread gives up the same', async () => {
    const own = readableCopy();
    const server: Server = createServer((socket) => socket.end('reached\n'));
    try {
      rmSync(join(dirname(own.turret), '../dist/native/confine'));
      world.executable = own.turret;
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const reach = `cat < /dev/tcp/127.0.0.1/${port}; turret call echo.say text=allowed`;
      expect(await said(reach, 'namespaced', [`--port=${port}`])).toBe('reached\nallowed\n');
      expect(await said(reach, 'namespaced')).toMatch(/Permission denied\n[^]*allowed\n$/);
    } finally {
      server.close();
      own.remove();
    }
  });

  test('without a sandbox, a login shell that resets PATH still finds the shims first', async () => {
    writeFileSync(join(world.home, '.bash_profile'), 'PATH=/usr/bin:/bin\n');
    const inside = await said("bash -lc 'command -v aws; aws s3 ls; echo code $?'", 'none');
    expect(inside).toMatch(new RegExp(`^${world.runtime}/turret/[0-9a-f]{20}/agent/bin/aws\n`));
    expect(inside).toMatch(/^turret: (?:error: )?denied aws\.s3\.list_buckets/m);
    expect(inside).toMatch(/code 126\n$/);
  });
});
