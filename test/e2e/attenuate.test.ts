// Sub-agents in one real session: an agent in its sandbox hands on a part of its token, and its owner looks from outside.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Ran, outcome } from '../helpers/broker-session.js';
import { World } from '../helpers/turret-world.js';

const SCRIPT = `
part() { turret token attenuate "$@"; }
say() { turret call echo.say "text=$1"; }
mark() { printf '\\n== %s\\n' "$1"; }

mark printed
T=$(part --allow echo.say --ttl 5m --calls 3 --label sub 2>err) || cat err
printf '%s lines=%s stderr=%s\\n' "\${T%%_*}" "$(printf '%s\\n' "$T" | wc -l)" "$(wc -c <err)"
(export TURRET_TOKEN="$T"; say hello; turret call echo.fail exit:=0; echo "denied $?"; say again; say more; echo "spent $?") 2>&1
say root-goes-on

mark command
part --allow echo.say --label researcher -- sh -c 'turret call echo.say text=inner; turret call echo.fail exit:=0; echo "denied $?"
  env -u TURRET_TOKEN turret call echo.fail exit:=0; echo "without variable $?"; printf %s "$TURRET_TOKEN" >kept; ls -d "$TURRET_AGENT_DIRECTORY" | wc -l; exit 7' 2>&1
echo "code $?"
TURRET_TOKEN=$(cat kept) turret call echo.say text=late 2>&1; echo "late $?"
part --allow echo.say -- no-such-command 2>/dev/null; echo "missing $?"
part --allow echo.say -- sh -c 'kill -TERM $$'; echo "signal $?"
part --ttl soon --allow echo.say 2>&1; echo "nonsense $?"
part --allow echo.say --ttl 30d 2>&1; echo "too long $?"

mark below
part --allow echo.say --label mid -- sh -c '
  turret token attenuate --allow "**" --label low -- sh -c "turret call echo.say text=low; turret call echo.fail exit:=0; turret token list --json >low.json"' 2>&1

mark killed
mkfifo ready
turret token attenuate --allow echo.say --label orphan -- sh -c 'printf %s "$TURRET_TOKEN" >orphan; echo >ready; exec sleep 60' & PARENT=$!
read -r _ <ready; kill -9 $PARENT; wait $PARENT 2>/dev/null
until turret token list --json | grep -A3 '"orphan"' | grep -q revoked; do :; done
TURRET_TOKEN=$(cat orphan) turret call echo.say text=orphan 2>&1; echo "orphan $?"

mark outside
K=$(part --allow echo.say --label kept)
echo READY; read -r _
TURRET_TOKEN=$K turret call echo.say text=revoked 2>&1; echo "revoked $?"
say root-goes-on
turret token list
`;

let world: World;
let ran: Ran;
let outside: Ran[];
let parts: Map<string, string>;
let records: { type: string; [field: string]: unknown }[];

beforeAll(async () => {
  world = new World();
  const child = world.start(world.words(['sh', '-c', SCRIPT]), { stdio: 'pipe' });
  const ended = outcome(child);
  await new Promise<void>((resolve) => {
    let text = '';
    child.stdout?.on(
      'data',
      (bytes: Buffer) => void ((text += bytes.toString()).includes('READY') && resolve()),
    );
    void ended.then(() => resolve());
  });
  const [sid = ''] = world.runtimeSessions();
  outside = [
    await world.turret('token', 'list', sid, '--json'),
    await world.turret('revoke', sid, '--token', 'kept', '--reason', 'enough of it'),
    await world.turret('revoke', sid, '--token', 'nobody'),
  ];
  child.stdin?.end('\n');
  ran = await ended;
  const sections = ran.stdout.toString().split(/^== /m).slice(1);
  parts = new Map(sections.map((text) => [text.split('\n', 1)[0] ?? '', text]));
  const [session = ''] = world.sessions();
  records = readFileSync(join(session, 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as (typeof records)[number]);
}, 120_000);
afterAll(() => world.close());

describe('turret token attenuate', () => {
  test('prints a token, alone, that can do what it was given as often as it was given', () => {
    expect(parts.get('printed')).toContain('trt lines=1 stderr=0');
    expect(parts.get('printed')).toMatch(
      /hello\n.*denied echo\.fail.*because the token "sub" was not given it\n.*\ndenied 126\nagain\nturret: error: the call budget of the token "sub".*\n.*\nspent 126\nroot-goes-on/,
    );
  });

  test('gives a command a token of its own, ends as it ends, and the token with it', () => {
    expect(parts.get('command')).toMatch(/inner\n[^]*denied 126\n[^]*without variable 126\n1\ncode 7\n/);
    expect(parts.get('command')).toMatch(/the token "researcher" was revoked\n.*\nlate 125\n/);
    expect(parts.get('command')).toMatch(/missing 127\nsignal 143\n/);
  });

  test('says what is wrong with a time to live', () => {
    expect(parts.get('command')).toMatch(/"soon" is not a time to live\n.*90s, 15m.*\nnonsense 125\n/);
    expect(parts.get('command')).toMatch(/a child cannot outlive the token it comes from\n.*\ntoo long 126/);
  });

  test('lets nobody hand on more than they have, and shows each what came from it', () => {
    expect(parts.get('below')).toMatch(/low\n.*denied echo\.fail.*because the token "mid" was not given it/);
    const shown = JSON.parse(readFileSync(join(world.workspace, 'low.json'), 'utf8')) as { tokens: object[] };
    expect(shown.tokens).toHaveLength(1);
    expect(shown.tokens[0]).toMatchObject({ label: 'low', state: 'live' });
  });

  test('leaves no living token when it is killed itself', () => {
    expect(parts.get('killed')).toMatch(/the token "orphan" was revoked\n.*\norphan 125/);
  });
});

describe('from outside', () => {
  test('the tokens of a session are listed, and one of them can be revoked without the others', () => {
    const [list, revoke, nobody] = outside;
    const { tokens } = JSON.parse(list?.stdout.toString() ?? '') as {
      tokens: { label: string; state: string }[];
    };
    expect(tokens.map(({ label, state }) => `${label} ${state}`)).toEqual([
      'sh live', 'sub live', 'kept live', 'researcher revoked', 'no-such-command revoked', 'sh revoked', 'mid revoked', 'low revoked', 'orphan revoked',
    ]); // prettier-ignore
    expect(revoke?.stdout.toString()).toMatch(/^revoked token kept of \w{8} \(sh\); 0 calls cut\n$/);
    expect([nobody?.code, nobody?.stderr]).toEqual([
      1,
      expect.stringContaining('there is no token of that name'),
    ]);
    expect(parts.get('outside')).toMatch(/the token "kept" was revoked\n.*\nrevoked 125\nroot-goes-on\n/);
    expect(parts.get('outside')).toMatch(/kept {2}revoked/);
    expect(ran.code).toBe(0);
  });

  test('the log says who asked, and who let them', async () => {
    const asked = (text: string) => records.find(({ type, capabilities }) => type === 'call.decided' && JSON.stringify(capabilities).includes(`"${text}"`));
    expect(asked('hello')).toMatchObject({ agent: 'sh/sub', effect: 'allow' });
    expect(asked('low')).toMatchObject({ agent: 'sh/mid/low' });
    expect(asked('root-goes-on')).not.toHaveProperty('agent');
    const issued = records.find(({ type }) => type === 'token.issued');
    const attenuated = records.filter(({ type }) => type === 'token.attenuated');
    expect(attenuated[0]).toMatchObject({ label: 'sub', parent: issued?.['kid'], depth: 1, max_calls: 3, grants: [{ allow: ['echo.say'], where: {} }] });
    expect(records.find(({ type, reason }) => type === 'token.revoked' && reason === 'enough of it')).toMatchObject({ by: 'turret revoke' });
    expect(records.some(({ type, reason }) => type === 'call.refused' && reason === 'a child cannot outlive the token it comes from')).toBe(true);
    expect((await world.turret('audit', 'verify')).code).toBe(0);
    const shown = await world.turret('audit', 'show', String(asked('low')?.['call']));
    expect(shown.stdout.toString()).toMatch(/asked by +sh\/mid\/low[^]*signature +good/);
    const found = await world.turret('audit', 'grep', '--agent', 'sh/mid');
    expect(found.stdout.toString().match(/echo\./g)?.length).toBe(2);
  }); // prettier-ignore
});
