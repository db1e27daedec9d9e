// Sandboxed agents of a server: this machine shuts them in, the server decides and holds the keys.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { askServer } from '../../src/client/server.js';
import { TurretError } from '../../src/errors.js';
import { type Ran, outcome } from '../helpers/broker-session.js';
import { type RunningServer, lastRecords, openAs, startServer, tokenFor } from '../helpers/server.js';
import { World } from '../helpers/turret-world.js';

let world: World;
let server: RunningServer;
let via: string[];
let token: string;
beforeAll(async () => {
  world = new World();
  server = await startServer(world);
  token = await tokenFor(server.place, 'ci', ['echo.say', 'echo.slow']);
  const file = join(world.root, 'ci.token');
  writeFileSync(file, token, { mode: 0o600 });
  via = ['--via', server.place.socket, '--token-file', file];
}, 30_000);
afterAll(() => world.close());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => 'done', (error: unknown) => (error instanceof TurretError ? error.code : String(error))); // prettier-ignore
const tokens = async () =>
  ((await askServer(server.place, { admin: 'tokens' })) as { tokens: { label: string; state: string }[] })
    .tokens;

/** Runs an agent that says READY and waits for a line; `meanwhile` happens in between. */
async function whileRunning(script: string, options: string[], meanwhile: () => Promise<void>): Promise<Ran> {
  const child = world.start(world.words(['sh', '-c', `${script}\necho READY; read -r _; exit 3`], options), { stdio: 'pipe' });
  const ended = outcome(child);
  await new Promise<void>((resolve) => {
    let text = '';
    child.stdout?.on('data', (bytes: Buffer) => void ((text += bytes.toString()).includes('READY') && resolve()));
    void ended.then(() => resolve());
  });
  await meanwhile();
  child.stdin?.end('\n');
  return ended;
} // prettier-ignore

describe('turret run --via', () => {
  test('gives the agent a token of its own that is good in its sandbox only, and dead when it has ended', async () => {
    const script = `printf %s "$TURRET_TOKEN" >kept; env >environment; turret call echo.say text=inside; turret call echo.fail exit:=0 2>&1; echo "code $?"
      ls ~/.local/state ${server.place.directory} 2>&1 | head -3; turret status | head -1`;
    const { code, stdout, stderr } = await whileRunning(script, via, async () => {
      const kept = readFileSync(join(world.workspace, 'kept'), 'utf8');
      expect(kept).not.toBe(token);
      expect(await codeOf(openAs(server.place, kept))).toBe('unauthenticated');
      expect((await tokens()).map(({ label, state }) => `${label} ${state}`)).toEqual(['ci live', 'sh live']);
    });
    expect([code, stdout.toString()]).toEqual([3, expect.stringMatching(/^inside\nturret: denied echo\.fail .*because the token "sh" was not given it\n.*\ncode 126\n(ls: .*No such file.*\n)+session {4}\w{8} \(sh\)\nREADY\n$/)]);
    expect(stderr).toMatch(/isolation namespaced: .*; rules and keys of the server at .*agent\.sock\nturret: the agent exited with 3 after .*; the server has the log\n$/);
    expect(readFileSync(join(world.workspace, 'environment'), 'utf8')).not.toContain(token);
    expect(await codeOf(openAs(server.place, readFileSync(join(world.workspace, 'kept'), 'utf8')))).toBe('unauthenticated');
    expect((await tokens()).map(({ label, state }) => `${label} ${state}`)).toEqual(['ci live', 'sh revoked']);
    expect(lastRecords(world).find(({ type, agent }) => type === 'call.decided' && agent === 'ci/sh')).toMatchObject({ effect: 'allow' });
    expect(world.runtimeSessions().filter((name) => name !== 'serve')).toEqual([]);
  }); // prettier-ignore

  test.each(['landlock', 'none'])('works at level %s, where the agent cannot be given the socket itself', async (level) => {
    const ran = await world.run(['sh', '-c', 'turret call echo.say text=inside; exit 4'], [...via, '--isolation', level, '--label', level]);
    expect([ran.code, ran.stdout.toString()]).toEqual([4, 'inside\n']);
    expect((await tokens()).find(({ label }) => label === level)?.state).toBe('revoked');
  }); // prettier-ignore

  test('leaves no living token when it is killed itself', async () => {
    const child = world.start(world.words(['sh', '-c', 'turret call echo.slow ms:=60000'], [...via, '--label', 'killed']), { stdio: 'ignore' });
    const state = async (): Promise<string | undefined> => (await tokens()).find(({ label }) => label === 'killed')?.state;
    while ((await state()) !== 'live');
    child.kill('SIGKILL');
    while ((await state()) === 'live');
    expect(await state()).toBe('revoked');
  }); // prettier-ignore

  test('says what is missing: a token, a private file, a server', async () => {
    const open = join(world.root, 'open.token');
    writeFileSync(open, token);
    chmodSync(open, 0o644);
    const refusal = async (...options: string[]): Promise<string> =>
      (await world.run(['true'], options)).stderr;
    const said = await Promise.all([
      refusal('--via', server.place.socket),
      refusal('--via', server.place.socket, '--token-file', open),
      refusal('--via', '/nowhere/agent.sock', ...via.slice(2)),
      refusal(...via.slice(2)),
    ]);
    expect(said[0]).toContain('there is no token for the server');
    expect(said[1]).toMatch(/others can read it\n.*chmod 600/);
    expect(said[2]).toContain('broker');
    expect(said[3]).toContain('add --via SOCKET');
    expect(existsSync(server.place.socket)).toBe(true);
  });
});
