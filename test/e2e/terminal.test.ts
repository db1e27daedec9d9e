import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { gone, outcome } from '../helpers/broker-session.js';
import { allGone, descendants, until } from '../helpers/processes.js';
import { Terminal } from '../helpers/terminal.js';
import { World } from '../helpers/turret-world.js';

const READY = /READY\r?\n/;
const world = new World();
let terminal: Terminal | undefined;

afterEach(() => terminal?.close());
afterAll(() => world.close());

/** An agent in Python that says READY and stays for twenty seconds at most. */
const agent = (lines: string): string[] => [
  '/usr/bin/python3',
  '-uc',
  `import os,signal,sys,time\n${lines}\nprint("READY")\nfor i in range(200): time.sleep(.1)`,
];

describe.each([['auto'], ['none']])('on a terminal, with isolation %s', (mode) => {
  const words = (command: string[], ...options: string[]): string[] =>
    world.words(command, [`--isolation=${mode}`, '-q', ...options]);
  const open = (command: string[], size: { rows?: number; cols?: number } = {}): Terminal =>
    (terminal = new Terminal({ command, cwd: world.workspace, env: world.env, ...size }));

  test('stdin, stdout and stderr of the agent are the terminal', async () => {
    const screen = open(words(['bash', '-c', 'test -t 0 && test -t 1 && test -t 2 && tty']));
    await screen.expect(/\/dev\/(?:pts\/\d+|console)\r\n/);
    expect(await screen.ended()).toBe(0);
  });

  test('the agent sees the size of the terminal', async () => {
    const screen = open(words(['stty', 'size']), { rows: 33, cols: 99 });
    await screen.expect(/33 99\r\n/);
    expect(await screen.ended()).toBe(0);
  });

  test('the agent is told of a new size', async () => {
    const told =
      'signal.signal(signal.SIGWINCH, lambda *_: (print("NEW", *os.get_terminal_size(0)), sys.exit(0)))';
    const screen = open(words(agent(told)));
    await screen.expect(READY);
    screen.resize(50, 120);
    await screen.expect(/NEW 120 50\r\n/);
    expect(await screen.ended()).toBe(0);
  });

  test('keys reach an agent in raw mode, ^C among them', async () => {
    const raw = `process.stdin.setRawMode(true).on('data', (keys) => {
      console.log('GOT', keys.toString('hex'));
      if (keys[0] === 0x71) process.exit(7);
    });
    console.log('READY');`;
    const screen = open(words([process.execPath, '-e', raw]));
    await screen.expect(READY);
    for (const [keys, hex] of [
      ['\x1b[A', '1b5b41'],
      ['\x03', '03'],
      ['\x1a', '1a'],
      ['q', '71'],
    ] as const) {
      screen.type(keys);
      await screen.expect(new RegExp(`GOT ${hex}\r?\n`));
    }
    expect(await screen.ended()).toBe(7);
  });

  test('the modes of the terminal are what they were', async () => {
    const script = '"$@"; stty -g > "$0.after"; cmp "$0.before" "$0.after" && echo SAME';
    const raw = [
      process.execPath,
      '-e',
      'process.stdin.setRawMode(true); setTimeout(() => process.exit(0), 100)',
    ];
    const screen = open([
      'bash',
      '-c',
      `stty -g > "$0.before"; ${script}`,
      `${world.root}/modes`,
      ...words(raw),
    ]);
    expect(await screen.expect(/SAME/)).toBeDefined();
  });

  test('one ^C is one SIGINT for the agent, and turret lives on', async () => {
    const count = 'n=[0]\ndef told(*_):\n  n[0] += 1; print("INT", n[0])\nsignal.signal(signal.SIGINT, told)';
    const end = 'signal.signal(signal.SIGTERM, lambda *_: (print("TOTAL", n[0]), sys.exit(42)))';
    const screen = open(words(agent(`${count}\n${end}`)));
    await screen.expect(READY);
    screen.type('\x03');
    await screen.expect(/INT 1\r\n/);
    screen.signal('SIGTERM');
    await screen.expect(/TOTAL 1\r\n/);
    expect(await screen.ended()).toBe(42);
  });

  test('one ^C is one SIGINT when stdin is a pipe, too', async () => {
    const count = 'n=[0]\ndef told(*_):\n  n[0] += 1; print("INT", n[0])\nsignal.signal(signal.SIGINT, told)';
    const end = 'signal.signal(signal.SIGTERM, lambda *_: (print("TOTAL", n[0]), sys.exit(0)))';
    // `exec` makes turret the process the driver knows.
    const screen = open([
      'bash',
      '-c',
      'exec "$@" < <(sleep 30)',
      'bash',
      ...words(agent(`${count}\n${end}`)),
    ]);
    await screen.expect(READY);
    screen.type('\x03');
    await screen.expect(/INT 1\r\n/);
    screen.signal('SIGTERM');
    expect(await screen.expect(/TOTAL 1\r\n/)).toBeDefined();
  });

  test('an agent that dies of ^C ends the session with 130', async () => {
    const screen = open(words(['bash', '-c', 'echo READY; read -r; echo NEVER']));
    await screen.expect(READY);
    screen.type('\x03');
    expect(await screen.ended()).toBe(130);
    expect(screen.shown).not.toContain('NEVER');
  });

  test('an agent that ignores SIGINT lives on', async () => {
    const screen = open(
      words(['bash', '-c', 'trap "" INT; echo READY; read -r line; echo "SURVIVED $line"; exit 3']),
    );
    await screen.expect(READY);
    screen.type('\x03');
    screen.type('well\r');
    await screen.expect(/SURVIVED well/);
    expect(await screen.ended()).toBe(3);
  });

  test('^\\ is one SIGQUIT for the agent', async () => {
    const screen = open(
      words(agent('signal.signal(signal.SIGQUIT, lambda *_: (print("QUIT"), sys.exit(9)))')),
    );
    await screen.expect(READY);
    screen.type('\x1c');
    await screen.expect(/QUIT/);
    expect(await screen.ended()).toBe(9);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGUSR2', 140],
  ] as const)('%s to turret ends the agent, and nothing is left', async (signal, code) => {
    const screen = open(words(agent('')));
    await screen.expect(READY);
    const before = descendants(await screen.pid);
    expect(before.length).toBeGreaterThan(1);
    screen.signal(signal);
    expect(await screen.ended()).toBe(code);
    await allGone(before);
    expect(world.runtimeSessions()).toEqual([]);
  });

  test('a signal the agent handles ends it its own way', async () => {
    const screen = open(
      words(agent('signal.signal(signal.SIGTERM, lambda *_: (print("TERM"), sys.exit(5)))')),
    );
    await screen.expect(READY);
    screen.signal('SIGTERM');
    await screen.expect(/TERM/);
    expect(await screen.ended()).toBe(5);
  });

  test('a terminal that is closed ends the agent, and nothing is left', async () => {
    const screen = open(words(agent('')));
    await screen.expect(READY);
    const before = descendants(await screen.pid);
    screen.hangUp();
    expect(await screen.ended()).toBe(129);
    await allGone(before);
    expect(world.runtimeSessions()).toEqual([]);
  });

  test('^Z stops the whole job and fg resumes it', async () => {
    const screen = open(['bash', '--norc', '-i']);
    const typed = words(['bash', '-c', 'echo RE""ADY; read -r line; echo "RESUMED $line"']);
    screen.type(`${typed.map((word) => `'${word}'`).join(' ')}\r`);
    await screen.expect(READY);
    screen.type('\x1a');
    await screen.expect(/Stopped[^]*bash-[\d.]+[#$] /); // the shell listens again; what is typed before may be lost
    screen.type('fg\r');
    await screen.expect(/fg\r\n/);
    // The shell gives the terminal away with what was typed until then thrown out, and says nothing when it has; so, as a
    // person would, once more until somebody answers.
    const again = setInterval(() => screen.type('well\r'), 500);
    try {
      screen.type('well\r');
      expect(await screen.expect(/RESUMED well/)).toBeDefined();
    } finally {
      clearInterval(again);
    }
  });

  test('an agent that stops itself stops the whole job, and fg resumes it', async () => {
    const screen = open(['bash', '--norc', '-i']);
    const typed = words(['bash', '-c', 'echo RE""ADY; kill -STOP $$; echo "RESU""MED"']);
    screen.type(`${typed.map((word) => `'${word}'`).join(' ')}\r`);
    await screen.expect(READY);
    await screen.expect(/Stopped[^]*bash-[\d.]+[#$] /); // the shell listens again; what is typed before may be lost
    screen.type('fg\r');
    expect(await screen.expect(/RESUMED/)).toBeDefined();
  });

  test('^D is the end of input', async () => {
    const screen = open(words(['cat']));
    screen.type('hello\r');
    await screen.expect(/hello\r\nhello\r\n/);
    screen.type('\x04');
    expect(await screen.ended()).toBe(0);
  });

  test('UTF-8 passes', async () => {
    const screen = open(words(['cat']));
    screen.type('naïve ✓ 日本\r');
    await screen.expect(/naïve ✓ 日本\r\nnaïve ✓ 日本\r\n/);
    screen.type('\x04');
    expect(await screen.ended()).toBe(0);
  });

  test('twenty thousand lines arrive before the exit code', async () => {
    const screen = open(words(['bash', '-c', 'seq 1 20000; exit 9']));
    await screen.expect(/\r\n20000\r\n/);
    expect(await screen.ended()).toBe(9);
  });

  test('an interactive shell has job control', async () => {
    const screen = open(words(['bash', '--norc', '-i']));
    screen.type('sleep 20; echo "co""de $?"\r');
    const pid = await screen.pid;
    await until('sleep', () => descendants(pid).some(({ command }) => command === 'sleep 20'));
    screen.type('\x03');
    screen.type('echo "ali""ve"; exit 6\r');
    await screen.expect(/alive/);
    expect(await screen.ended()).toBe(6);
    expect(screen.shown).not.toContain('no job control');
  });
});

describe.each([['auto'], ['none']])('without a terminal, with isolation %s', (mode) => {
  const options = [`--isolation=${mode}`];

  test.each([0, 1, 77, 255])('exit code %d is kept', async (code) => {
    expect((await world.run(['bash', '-c', `exit ${code}`], options)).code).toBe(code);
  });

  test.each([
    ['KILL', 137],
    ['SEGV', 139],
    ['TERM', 143],
  ])('an agent killed by SIG%s is 128 + N', async (signal, code) => {
    expect((await world.run(['bash', '-c', `ulimit -c 0; kill -${signal} $$`], options)).code).toBe(code);
  });

  test('binary bytes pass both ways unchanged', async () => {
    const bytes = Buffer.from(Array.from({ length: 1_048_576 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
    const ran = await world.run(['cat'], options, bytes);
    expect(ran.stdout.equals(bytes)).toBe(true);
    expect(ran.code).toBe(0);
  });

  test('stdout and stderr stay apart', async () => {
    const ran = await world.run(['bash', '-c', 'echo out; echo err >&2; exit 4'], [...options, '-q']);
    expect(ran).toMatchObject({ code: 4, stderr: 'err\n' });
    expect(ran.stdout.toString()).toBe('out\n');
  });

  test('there is no terminal where there is none', async () => {
    const ran = await world.run(
      ['bash', '-c', 'test -t 0 || test -t 1 || test -t 2 || echo NONE'],
      options,
      '',
    );
    expect(ran.stdout.toString()).toBe('NONE\n');
  });

  test('the pipes of an agent block, whatever turret itself does with them', async () => {
    const look =
      'import fcntl,os\nprint([bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK) for fd in (0, 1, 2)])';
    const ran = await world.run(['/usr/bin/python3', '-c', look], options, '');
    expect(ran.stdout.toString()).toBe('[False, False, False]\n');
  });

  test('nor do they stop to block when turret has something to say in between', async () => {
    const flags = '[bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK) for fd in (1, 2)]';
    const look = `import fcntl,os\nprint("READY",flush=True)\ninput()\nprint(${flags})`;
    const child = world.start(world.words(['/usr/bin/python3', '-c', look], [...options, '-q']), {
      stdio: 'pipe',
    });
    const ended = outcome(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const said = new Promise((resolve) => child.stderr?.once('data', resolve));
    for (const { pid, command } of descendants(child.pid ?? 0))
      if (command.includes('broker/main.cjs')) process.kill(pid, 'SIGKILL');
    await said;
    child.stdin?.end('\n');
    expect((await ended).stdout.toString()).toBe('READY\n[False, False]\n');
  });

  test('the agent inherits three descriptors and no other', async () => {
    const look = 'import os\nprint(sorted(os.listdir("/proc/self/fd"), key=int))';
    const ran = await world.run(['/usr/bin/python3', '-c', look], options, '');
    // The fourth is the directory being listed.
    expect(ran.stdout.toString()).toBe("['0', '1', '2', '3']\n");
  });

  test('a reader that leaves ends the agent', async () => {
    const words = world.words(['yes'], [...options, '-q']);
    const ran = await world.finish(
      world.start(['bash', '-c', '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', 'bash', ...words]),
    );
    expect(ran.stdout.toString()).toBe('y\n141\n');
  });

  test('arguments pass unchanged', async () => {
    const odd = ['a b', '', '*', 'q\'u"o', '--', '-x', '--quiet', '$HOME', 'ü\n2', 'A=b', '\\', '\t'];
    const ran = await world.run(
      ['/usr/bin/python3', '-c', 'import sys,json;print(json.dumps(sys.argv[1:]))', ...odd],
      options,
    );
    expect(JSON.parse(ran.stdout.toString())).toEqual(odd);
  });

  test('no signal is ignored or blocked for the agent', async () => {
    const ran = await world.run(['grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'], options);
    expect(ran.stdout.toString()).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s to turret alone reaches the agent', async (signal, code) => {
    const child = world.start(world.words(['bash', '-c', 'echo READY; exec sleep 20'], options));
    child.stdout?.once('data', () => child.kill(signal));
    expect(await gone(child, 'close')).toEqual({ code, signal: null });
    expect(world.runtimeSessions()).toEqual([]);
  });
});

test('a test of the tests: a bare command on the terminal gets one SIGINT as well', async () => {
  const screen = (terminal = new Terminal({
    command: ['bash', '-c', 'echo READY; read -r'],
    cwd: '/',
    env: world.env,
  }));
  await screen.expect(READY);
  screen.type('\x03');
  expect(await screen.ended()).toBe(130);
});
