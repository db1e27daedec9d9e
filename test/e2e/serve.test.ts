// One server, several agents, its operator, and what happens to it. The built program runs; agents are this process, which is
// all that a hostile one could be.

import { chmodSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { BrokerConnection } from '../../src/client/broker-connection.js';
import { BrokerConnection as Connection } from '../../src/client/broker-connection.js';
import { createAgent } from '../../src/client/create-agent.js';
import { askAboutTokens } from '../../src/client/delegate.js';
import { askServer } from '../../src/client/server.js';
import { TurretError } from '../../src/errors.js';
import { servePlace } from '../../src/platform/serve-place.js';
import { parseToken } from '../../src/token/token.js';
import { type RunningServer, lastRecords, openAs, startServer, tokenFor } from '../helpers/server.js';
import { World } from '../helpers/turret-world.js';

const CONFIG = `version: 1
extends: []
repeaters: { echo: {} }
limits: { calls: 20/session }
rules:
  - { id: all, allow: ["echo.**"] }
  - { id: few, allow: ["echo.stderr"], limit: { calls: 2/session } }
`;

let world: World;
let server: RunningServer;
beforeAll(async () => {
  world = new World(CONFIG);
  server = await startServer(world);
}, 30_000);
afterAll(() => world.close());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof TurretError ? error.code : String(error)),
  );
const call = (connection: BrokerConnection, action: string, params = {}): Promise<unknown> =>
  connection.call({ action, params }).finished;
const say = (connection: BrokerConnection, text = 'hi'): Promise<unknown> =>
  call(connection, 'echo.say', { text });

describe('turret serve', () => {
  test('lets agents in whom the operator made a token for, printed once and nothing else', async () => {
    const made = await world.turret('token', 'create', '--agent', 'ci', '--allow', 'echo.say text=build-*', '--ttl', '8h', '--calls', '9');
    expect(made.stdout.toString()).toMatch(/^trt_\w{64}\n$/);
    expect(made.stderr).toBe('');
    const ci = await openAs(server.place, made.stdout.toString().trim());
    expect(await codeOf(say(ci, 'build-7'))).toBe('done');
    expect(await codeOf(say(ci, 'rm -rf'))).toBe('denied');
    expect(await codeOf(call(ci, 'echo.fail', { exit: 0 }))).toBe('denied');
    ci.close();
    const again = await world.turret('token', 'create', '--agent', 'ci', '--allow', '**');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('there is an agent "ci" already')]);
    const list = await world.turret('token', 'list');
    expect(list.stdout.toString()).toMatch(/ci {5}live {3}480 min {2}3\/9 {4}echo\.say text=build-\*/);
    expect(readFileSync(join(world.state, 'serve/agents.json'), 'utf8')).not.toContain(made.stdout.toString().slice(4, 40));
  }); // prettier-ignore

  test('refuses an agent it does not understand, and no token is printed for it', async () => {
    const wrong = await world.turret('token', 'create', '--agent', 'x', '--allow', 'echo.[a]');
    expect([wrong.code, wrong.stdout.toString()]).toEqual([1, '']);
    expect(wrong.stderr).toContain('"[" does not occur in action patterns');
    const wish = { label: 'x', grants: [{ allow: ['echo.**'], where: {} }], ttlMs: 60_000, limits: {} };
    const refused = (change: object) => codeOf(createAgent(server.place, { ...wish, ...change }));
    expect(await refused({ ttlMs: 999 * 86_400_000 })).toBe('protocol_error');
    expect(await refused({ label: 'a/b' })).toBe('protocol_error');
    expect(await refused({ grants: [] })).toBe('protocol_error');
    expect(await refused({ limits: { calls: -1 } })).toBe('protocol_error');
    expect(await refused({ limits: { rate: { count: 1, period_ms: 0, burst: 1 } } })).toBe('protocol_error');
    const { tokens } = (await askServer(server.place, { admin: 'tokens' })) as { tokens: { label: string }[] };
    expect(tokens.map(({ label }) => label)).toEqual(['ci']);
    expect(await codeOf(askServer(servePlace('/nowhere/agent.sock', {}, 0), { admin: 'tokens' }))).toBe('session_unknown');
  }); // prettier-ignore

  test('keeps its agents apart: budgets, call ids, tokens, and the operator’s requests', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map(async (label) => openAs(server.place, await tokenFor(server.place, label))));
    if (one === undefined || two === undefined) throw new Error('no agents');
    for (let count = 0; count < 2; count += 1) expect(await codeOf(call(one, 'echo.stderr', { text: '' }))).toBe('done');
    expect(await codeOf(call(one, 'echo.stderr', { text: '' }))).toBe('budget_exhausted');
    for (let count = 0; count < 17; count += 1) expect(await codeOf(say(one))).toBe('done');
    expect(await codeOf(say(one))).toBe('budget_exhausted');
    expect(await codeOf(call(two, 'echo.stderr', { text: '' }))).toBe('done');
    const { tokens } = (await askAboutTokens(two, 'list')) as { tokens: { label: string; kid: string }[] };
    expect(tokens.map(({ label }) => label)).toEqual(['two']);
    const all = (await askServer(server.place, { admin: 'tokens' })) as { tokens: typeof tokens };
    const other = all.tokens.find(({ label }) => label === 'one')?.kid ?? '';
    expect(await codeOf(askAboutTokens(two, 'revoke', { kid: other }))).toBe('invalid_params');
    expect(await codeOf(askAboutTokens(two, 'confine', { kid: other, pid_namespace: '1' }))).toBe('invalid_params');
    expect(await codeOf(two.call({ admin: 'tokens' }).finished)).toBe('protocol_error');
    one.close();
    const ids = lastRecords(world).filter(({ type, agent }) => type === 'call.decided' && agent === 'two').map(({ call: id }) => id);
    expect(ids.map((id) => String(id).replace(/^a\d+/, ''))).toEqual(['c1']);
  }); // prettier-ignore

  test('is for its operator alone: an agent at its admin socket is refused, and its files are private', async () => {
    const token = parseToken(await tokenFor(server.place, 'nosy'));
    const asAdmin = { address: { path: server.place.adminSocket }, client: 'test', token: { ...token, kind: 'admin' as const } };
    expect(await codeOf(Connection.open(asAdmin))).toBe('unauthenticated');
    const modes = [server.place.socket, server.place.adminSocket, server.place.adminToken, join(world.state, 'serve/agents.json')];
    expect(modes.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
    expect(statSync(server.place.directory).mode & 0o777).toBe(0o700);
  }); // prettier-ignore

  test('refuses a second one beside it, by its process id', async () => {
    const pid = String(server.child.pid);
    const again = () => world.turret('serve', '--config', world.config);
    const elsewhere = { ...world.env, XDG_STATE_HOME: join(world.root, 'other-state') };
    const [same, other] = await Promise.all([again(), world.in(elsewhere, again)]);
    expect([same.code, same.stderr]).toEqual([1, expect.stringContaining(`in use by the turret serve with process id ${pid}`)]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`${server.place.socket} is in use by the turret serve with process id ${pid}`)]);
  }); // prettier-ignore

  test('revokes at once: a call in flight is cut, and the token is nobody’s', async () => {
    const token = await tokenFor(server.place, 'leaving');
    const agent = await openAs(server.place, token);
    const running = agent.call({ action: 'echo.slow', params: { ms: 60_000 } });
    await running.running;
    const cut = codeOf(running.finished);
    const revoked = await world.turret('token', 'revoke', 'leaving');
    expect(revoked.stdout.toString()).toBe('revoked leaving: 1 token, with those that came from it\n');
    expect(await cut).toBe('token_revoked');
    expect(await codeOf(openAs(server.place, token))).toBe('token_revoked');
    expect((await world.turret('token', 'revoke', 'nobody')).stderr).toContain(
      'there is no token of that name',
    );
  });

  test('says no to what it cannot store: no token, no agent, and a revocation that holds but is not yet for ever', async () => {
    const token = await tokenFor(server.place, 'stays');
    // The new list cannot be written where a directory is.
    const inTheWay = join(world.state, 'serve/agents.json.new');
    mkdirSync(inTheWay);
    const made = await world.turret('token', 'create', '--agent', 'unstored', '--allow', '**');
    expect([made.code, made.stdout.toString()]).toEqual([1, '']);
    expect(made.stderr).toMatch(/this could not be stored: the list of agents cannot be written \(EISDIR\)/);
    const revoke = { admin: 'revoke', token: 'stays', reason: 'test' };
    expect(await codeOf(askServer(server.place, revoke))).toBe('denied');
    expect(await codeOf(openAs(server.place, token))).toBe('token_revoked');
    rmdirSync(inTheWay);
    expect(await codeOf(askServer(server.place, revoke))).toBe('done');
    const { tokens } = (await askServer(server.place, { admin: 'tokens' })) as { tokens: { label: string; state: string }[] };
    expect(tokens.find(({ label }) => label === 'unstored')?.state).toBe('revoked');
    expect(readFileSync(join(world.state, 'serve/agents.json'), 'utf8')).not.toContain('unstored');
  }); // prettier-ignore

  test('finishes what runs when it is told to stop, takes nothing new, and its log verifies', async () => {
    const agent = await openAs(server.place, await tokenFor(server.place, 'last'));
    const running = agent.call({ action: 'echo.slow', params: { ms: 700 } });
    await running.running;
    const told = new Promise<void>((resolve) => {
      server.child.stderr?.on('data', (text: string) => text.includes('nothing was read again') && resolve());
    });
    server.child.kill('SIGHUP');
    await told;
    server.child.kill('SIGTERM');
    let code = await codeOf(say(agent));
    while (code === 'done') code = await codeOf(say(agent));
    expect(code).toBe('draining');
    expect(await codeOf(running.finished)).toBe('done');
    const { code: exit, stderr } = await server.ended;
    expect(exit).toBe(0);
    expect(stderr).toMatch(/nothing was read again[^]*stopping: no new calls[^]*stopped; turret audit/);
    expect((await world.turret('audit', 'verify')).code).toBe(0);
    const asked = lastRecords(world).filter(({ type }) => type === 'call.decided');
    expect(new Set(asked.map(({ agent: who }) => who))).toEqual(
      new Set(['ci', 'one', 'two', 'leaving', 'last']),
    );
    expect(
      (await world.turret('audit', 'grep', '--agent', 'ci')).stdout.toString().match(/ci: /g)?.length,
    ).toBe(3);
  });
});

describe('after a restart', () => {
  test('tokens are good and revoked ones are not, also after kill -9 in the middle of making them', async () => {
    const first = await startServer(world);
    expect(first.opening).toMatch(/agents: ci one two nosy last/);
    const gone = await tokenFor(first.place, 'gone');
    const answered = new Map<string, string>();
    let makers = 0;
    const make = async (): Promise<void> => {
      for (let number = makers++; ; number = makers++) {
        const token = await tokenFor(first.place, `agent-${number}`).catch(() => undefined);
        if (token === undefined) return;
        answered.set(`agent-${number}`, token);
        if (answered.size === 25) first.child.kill('SIGKILL');
      }
    };
    await askServer(first.place, { admin: 'revoke', token: 'gone', reason: 'test' });
    await Promise.all([make(), make(), make()]);
    await first.ended;
    expect(answered.size).toBeGreaterThanOrEqual(25);
    const elsewhere = { ...world.env, XDG_STATE_HOME: join(world.root, 'other-state') };
    const otherSocket = ['--socket', join(world.root, 'other', 'agent.sock')];
    const [second, other] = await Promise.all([startServer(world), world.in(elsewhere, () => startServer(world, otherSocket))]);
    // Another server does not know its tokens, nor is it taken for it.
    expect(await codeOf(openAs(other.place, gone))).toBe('broker_untrusted');
    other.child.kill('SIGTERM');
    for (const [label, token] of answered) {
      const agent = await openAs(second.place, token);
      expect([label, agent.welcome['label']]).toEqual([label, label]);
      agent.close();
    }
    expect(await codeOf(openAs(second.place, gone))).toBe('token_revoked');
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    expect((await other.ended).code).toBe(0);
  }); // prettier-ignore

  test('it does not start on a damaged list, in a directory open to others, or for a group that is none', async () => {
    const file = join(world.state, 'serve/agents.json');
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    chmodSync(world.workspace, 0o777);
    const refused = async (...options: string[]) => (await world.turret('serve', '--config', world.config, ...options)).stderr;
    const elsewhere = { ...world.env, XDG_STATE_HOME: join(world.root, 'other-state') };
    const [damaged, open, group] = await Promise.all([
      refused(),
      world.in(elsewhere, () => refused('--socket', join(world.workspace, 'agent.sock'))),
      refused('--group', 'no-such-group'),
    ]);
    expect(damaged).toMatch(/the list of agents cannot be trusted: it is not as it was written\n.*put back a copy of/);
    expect(open).toMatch(/work is open to others\n.*chmod go-w/);
    expect(group).toContain('there is no group "no-such-group"');
  }); // prettier-ignore
});
