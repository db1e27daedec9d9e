// The sandbox of a repeater of one's own, seen by the program inside: what it reaches, what it does not, and that without
// the sandbox it would.

import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { closeServer, listenOnLoopback } from '../fakes/loopback.js';
import { until } from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';

const NEEDLE = 'n0t-f0r-repeaters';
const PROGRAM = `#!/bin/sh\nsh -c "$(jq -r .script <&3)" 2>&1\n`;
let server: Server;
let port: string;
let world: World;
/** Where the manifest is. */
let place: string;

beforeAll(async () => {
  server = createServer((_request, response) => response.end(NEEDLE));
  port = new URL(await listenOnLoopback(server, 0)).port;
});
afterAll(() => closeServer(server));
beforeEach(() => {
  world = new World();
  place = join(world.home, 'repeater');
  for (const name of ['repeater', 'repeater/queue', 'data', '.aws']) mkdirSync(join(world.home, name));
  writeFileSync(join(place, 'program.sh'), PROGRAM);
  chmodSync(join(place, 'program.sh'), 0o755);
  for (const file of ['notes', 'data/file', '.aws/credentials'])
    writeFileSync(join(world.home, file), NEEDLE);
});
afterEach(() => world.close());

/** Makes it a repeater with these keys in its manifest. */
function configure(keys: string): void {
  const params = '{ type: object, properties: { script: { type: string } }, required: [script] }';
  writeFileSync(
    join(place, 'it.yaml'),
    `profile: exec\ncommand: [./program.sh]\n${keys}\nactions: [{ name: run, params: ${params} }]\n`,
  );
  writeFileSync(
    world.config,
    `version: 1\nextends: []\nrepeaters: { it: { manifest: ${place}/it.yaml } }\nrules: [{ id: all, allow: ["**"] }]\n`,
  );
}

/** What a script says that runs as the repeater's program. */
async function said(script: string, keys = ''): Promise<string> {
  configure(keys);
  const ran = await world.run(['turret', 'call', 'it.run', `script=${script}`], ['-q']);
  return String(ran.stdout) + ran.stderr;
}

describe('the program of a repeater', () => {
  it('sees its manifest and a private home, and nothing else of HOME, /tmp and Turret; without the sandbox it does', async () => {
    const look = `cd; pwd; ls ${place}; cat ${world.home}/notes ${world.home}/data/file ${world.home}/.aws/credentials; ls -d ${world.state} ${world.config}; ls ${world.home}`;
    const inside = await said(look);
    expect(inside).toMatch(/^\/\S+\/repeaters\/it\nit.yaml\nprogram.sh\nqueue\n/);
    expect(inside).not.toContain(NEEDLE);
    expect(inside.match(/No such file or directory/g)).toHaveLength(5);
    expect(inside.trimEnd().split('\n').at(-1)).toBe('repeater');
    const outside = await said(look, 'sandbox: off');
    expect(outside.split(NEEDLE)).toHaveLength(4);
    expect(outside).not.toContain('No such file');
  });

  it('is not shown what the agent has put a link to in the place of one of its directories', async () => {
    const queue = join(world.workspace, 'queue');
    mkdirSync(queue);
    configure(`sandbox: { write: [${queue}] }`);
    const write = (to: string): string => `turret call it.run 'script=echo done >${to}'`;
    const linked = `mv queue old && ln -s ${world.home}/data queue && ${write(`${world.home}/data/file`)}`;
    const ran = await world.run(['sh', '-c', linked], ['-q']);
    expect(ran.stderr).toContain(`is reached by the link ${queue}, which the agent could change`);
    expect(readFileSync(join(world.home, 'data/file'), 'utf8')).toBe(NEEDLE);
    const itself = `rm queue && mv old queue && ${write(`${queue}/file`)}`;
    expect((await world.run(['sh', '-c', itself], ['-q'])).stderr).toBe('');
    expect(readFileSync(join(queue, 'file'), 'utf8')).toBe('done\n');
  });

  it('sees no other process, has no capability, cannot gain one, and runs under a filter', async () => {
    const look =
      'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/[0-9]*/cmdline | tr "\\0" " "';
    const inside = await said(look);
    expect(inside).toMatch(/^CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n/);
    expect(inside).not.toMatch(/vitest|broker/);
    expect(await said(look, 'sandbox: off')).toMatch(
      /^CapEff:\t\w+\nNoNewPrivs:\t1\nSeccomp:\t0\n[^]*broker/,
    );
  });

  it('writes what sandbox: names and nothing else; what cannot stay cannot be written', async () => {
    const write = `for f in it.yaml new queue/new ${world.home}/new /etc/new; do echo x >$f && echo wrote $f; done; echo y >$HOME/own && echo own; echo z >/tmp/t && echo tmp`;
    const without = await said(write);
    expect(without.match(/wrote \S+/g)).toBeNull();
    expect(without.match(/Read-only file system/g)).toHaveLength(5);
    expect(without).toMatch(/own\ntmp\n$/);
    const withQueue = await said(write, 'sandbox: { write: [queue] }');
    expect(withQueue.match(/wrote \S+/g)).toEqual(['wrote queue/new']);
    expect(readFileSync(join(place, 'queue/new'), 'utf8')).toBe('x\n');
    expect(existsSync('/etc/new')).toBe(false);
  });

  it('changes neither manifest nor program below a path it may write', async () => {
    const text = await said(
      'for f in it.yaml program.sh other; do echo x >>$f && echo wrote $f; done',
      'sandbox: { write: [.] }',
    );
    expect(text.match(/wrote \S+/g)).toEqual(['wrote other']);
    expect(readFileSync(join(place, 'program.sh'), 'utf8')).toBe(PROGRAM);
  });

  it('reads what sandbox: names, from HOME or anywhere', async () => {
    expect(await said(`cat ${world.home}/data/file`, 'sandbox: { read: [~/data] }')).toContain(NEEDLE);
    expect(await said(`cat ../notes`, 'sandbox: { read: [../notes] }')).toContain(NEEDLE);
    expect(await said('true', 'sandbox: { read: [~/gone] }')).toMatch(/sandbox: there is no \S+\/home\/gone/);
  });

  it('reaches the network unless net: none', async () => {
    const look = `curl -s --max-time 5 http://127.0.0.1:${port}/ || echo unreachable`;
    expect(await said(look)).toBe(NEEDLE);
    expect(await said(look, 'sandbox: { net: none }')).toBe('unreachable\n');
  });

  it('still gets its secrets, and is gone with everything it started when the session is', async () => {
    const keys = 'secrets: [KEY]';
    world.env['KEY'] = 'the key of a test';
    const mark = `60${process.pid}`;
    await said(`sleep ${mark} & setsid sleep ${mark} &`, keys);
    expect(sleeping(mark)).toEqual([]);
    expect(await said('cat <&4', keys)).toBe('{"KEY":"[redacted by turret]"}\n');
  });

  it('dies with the session, even with one that is killed', async () => {
    const mark = `61${process.pid}`;
    configure('');
    const script = `script=setsid sleep ${mark} & sleep ${mark}`;
    const child = world.start(world.words(['turret', 'call', 'it.run', script], ['-q']));
    await until('it runs', () => sleeping(mark).length === 2, 20_000);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(sleeping(mark)).toEqual([]), 10_000);
  });
});

/** Processes that sleep for so many seconds. */
function sleeping(seconds: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${seconds}\0`;
    } catch {
      // It has ended.
      return false;
    }
  });
}
