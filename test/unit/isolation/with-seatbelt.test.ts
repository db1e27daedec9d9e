// What level seatbelt would start on a Mac. Nothing is started: these tests run no Mac.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { EncloseRequest, Enclosure } from '../../../src/isolation/enclosure.js';
import type { Launcher } from '../../../src/isolation/launcher.js';
import { withSeatbelt } from '../../../src/isolation/with-seatbelt.js';
import { levelCheck } from '../../../src/setup/machine-checks.js';

let root: string;
/** As /tmp is to /private/tmp. */
let link: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'seatbelt-')));
  link = `${root}-link`;
  symlinkSync(root, link);
  for (const directory of ['home/.claude', 'home/app', 'home/.aws', 'run/agent', 'state'])
    mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'home/app/turret.yaml'), '');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(link, { force: true });
});

const launcher = { end() {} } as unknown as Launcher;
const enclosed = (more: Partial<EncloseRequest> = {}): Promise<Enclosure> =>
  withSeatbelt(
    {
      cwd: join(root, 'home/app'),
      home: join(link, 'home'),
      homeAllow: [],
      program: '/usr/local/bin/agent',
      agentDirectory: join(link, 'run/agent'),
      agentSocket: join(link, 'run/agent.sock'),
      temporary: join(link, 'run/tmp'),
      agentUser: undefined,
      net: undefined,
      ports: [5432],
      tools: ['aws'],
      hidden: [join(link, 'state'), join(link, 'run')],
      fixed: [join(link, 'home/app/turret.yaml')],
      vacant: [],
      secrets: [],
      env: {},
      ...more,
    },
    launcher,
  );
const words = (enclosure: Enclosure): string[] =>
  enclosure.launch(['agent'], { env: {}, stdio: ['inherit', 'inherit', 'inherit'] }).command;

test('the agent is started by sandbox-exec, its own words untouched, and by nothing of Linux', async () => {
  const enclosure = await enclosed();
  const request = enclosure.launch(['agent', '-p', '--'], {
    env: { A: 'b' },
    stdio: ['inherit', 'inherit', 'inherit'],
  });
  expect(request).toEqual({
    command: expect.anything() as string[],
    env: { A: 'b' },
    stdio: ['inherit', 'inherit', 'inherit'],
    bubblewrap: false,
  });
  expect(request.command.slice(0, 2)).toEqual(['/usr/bin/sandbox-exec', '-p']);
  expect(request.command.slice(request.command.indexOf('--'))).toEqual(['--', 'agent', '-p', '--']);
});

test('the profile gets real paths, that of the socket too, which is not there yet', async () => {
  const enclosure = await enclosed();
  const paths = words(enclosure)
    .filter((word) => word.startsWith('-DP'))
    .map((word) => word.replace(/^-DP\d+=/, ''));
  for (const path of [
    'home',
    'home/app',
    'home/.claude',
    'run/agent',
    'run/agent/agent.sock',
    'run/tmp',
    'state',
  ])
    expect(paths).toContain(join(root, path));
  expect(paths.filter((path) => path.startsWith(link) || path.includes('.aws'))).toEqual([]);
  expect(enclosure.agentAddress).toEqual({ path: join(root, 'run/agent/agent.sock'), removable: false });
});

test('temporary files have a place of the session, which only its user may enter', async () => {
  const { env } = await enclosed();
  expect(env).toEqual({ TMPDIR: join(link, 'run/tmp') });
  expect(statSync(join(root, 'run/tmp')).mode & 0o777).toBe(0o700);
});

test.each([
  [undefined, { mode: 'ports', ports: [53, 443, 5432] }, 'port 53, 443, 5432 of other machines'],
  ['open', { mode: 'open', ports: [] }, 'the network is open'],
  ['none', { mode: 'none', ports: [] }, 'no network'],
] as const)('net: %s', async (net, network, said) => {
  const enclosure = await enclosed({ net });
  expect(enclosure.network).toMatchObject(network);
  expect(enclosure.line).toContain(said);
});

test('the line of a session and that of the doctor say that nobody has tried it', async () => {
  const enclosure = await enclosed();
  expect(enclosure.line).toMatch(/^isolation seatbelt: untested, .*take it for none/);
  expect(levelCheck('seatbelt', enclosure, false)).toMatchObject({
    state: 'untested',
    level: 'warn',
    why: expect.stringContaining('take it for none') as string,
  });
});

test('a home directory as workspace is refused, by whatever path', async () => {
  await expect(enclosed({ cwd: join(root, 'home') })).rejects.toThrow(/home directory/);
});
