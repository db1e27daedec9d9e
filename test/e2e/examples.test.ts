// A session of each example against the fakes, in which only addresses and the place of the keys are other ones. Their own
// tests: test/unit/config/examples.test.ts.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { FAKE_AWS_KEY, type FakeAws, startFakeAws } from '../fakes/aws.js';
import { FAKE_GITHUB_TOKEN, type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { FAKE_LLM_KEY, type FakeLlm, startFakeLlm } from '../fakes/llm.js';
import {
  type SessionOutcome,
  type TestHome,
  credentialVariables,
  makeHome,
  runTurret,
} from '../helpers/turret.js';

const textOf = (name: string): string => readFileSync(join('examples', name, 'turret.yaml'), 'utf8');

let aws: FakeAws;
let github: FakeGithub;
let llm: FakeLlm;
let home: TestHome;
beforeAll(async () => {
  [aws, github, llm] = await Promise.all([startFakeAws(), startFakeGithub(), startFakeLlm()]);
  home = makeHome();
});
afterAll(async () => {
  await Promise.all([aws.close(), github.close(), llm.close()]);
  home.remove();
});

/** Each of these is in the text. */
function replaced(text: string, other: Record<string, string>): string {
  return Object.entries(other).reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replace(from, to);
  }, text);
}

const ASK = `turret call http.anthropic.post path=/v1/messages model=claude-x max_tokens:=9 headers=content-type:application/json <ask.json`;
const BODY = `printf '%s' '{"model":"claude-x","max_tokens":9,"messages":[]}' >ask.json`;

async function session(
  name: string,
  config: string,
  commands: string[],
): Promise<SessionOutcome & { exits: string[] }> {
  const script = [BODY, ...commands.map((command) => `${command}; printf '\\nexit %s\\n' $?`)].join('\n');
  const outcome = await runTurret({
    home,
    config,
    env: { ...credentialVariables(), ANTHROPIC_API_KEY: FAKE_LLM_KEY },
    command: ['sh', '-c', `${script}\nenv`],
  });
  const said = outcome.stdout.toString();
  for (const secret of [FAKE_AWS_KEY.secretAccessKey, FAKE_GITHUB_TOKEN.token, FAKE_LLM_KEY])
    expect(`${name}: ${said}${outcome.stderr}`).not.toContain(secret);
  return { ...outcome, exits: said.match(/(?<=^exit )\d+$/gm) ?? [] };
}

test('solo looks around, writes where it may, and pays for its model through the gateway', async () => {
  mkdirSync(join(home.directory, '.local/share/acme'), { recursive: true });
  const database = new DatabaseSync(join(home.directory, '.local/share/acme/dev.db'));
  database.exec("create table users (name text); insert into users values ('ann')");
  database.close();
  const config = replaced(textOf('solo'), {
    "credentials: 'profile:dev'": `credentials: env, endpoint: "${aws.url}"`,
    'credentials: auto }': `credentials: auto, endpoint: "${github.url}" }`,
    "secret: 'vault:anthropic'": `secret: "env:ANTHROPIC_API_KEY", endpoint: "${llm.url}"`,
  });
  const { stdout, stderr, exits } = await session('solo', config, [
    'aws sts get-caller-identity --output text',
    'aws s3api delete-object --bucket acme-dev --key a',
    'aws s3 cp s3://acme-prod/a .',
    'gh issue comment 1 --repo acme/app --body seen',
    'gh pr merge 12 --repo acme/app',
    `turret call db.app.query sql='select * from users'`,
    ASK,
    ASK.replaceAll('claude-x', 'other-x'),
  ]);
  expect(exits).toEqual(['0', '126', '126', '0', '126', '0', '0', '126']);
  const said = stdout.toString();
  expect(said).toContain('{"name":"ann"}');
  expect(said).toMatch(/^ANTHROPIC_API_KEY=trb_/m);
  expect(stderr).toContain('not-production');
});

test('ci reviews a pull request, comments five times at most, and reaches nobody else', async () => {
  const config = replaced(textOf('ci'), {
    'credentials: env }': `credentials: env, endpoint: "${github.url}" }`,
    "secret: 'env:ANTHROPIC_API_KEY'": `secret: "env:ANTHROPIC_API_KEY"\n        endpoint: "${llm.url}"`,
  });
  const { stderr, exits } = await session('ci', config, [
    'gh pr diff 12 --repo acme/app',
    ...Array.from({ length: 6 }, (_, number) => `gh pr comment 12 --repo acme/app --body "note ${number}"`),
    'gh pr merge 12 --repo acme/app',
    'gh pr view 1 --repo acme/other',
    ASK,
    'test "$(grep -c : /proc/net/dev)" = 1',
  ]);
  expect(exits).toEqual(['0', '0', '0', '0', '0', '0', '126', '126', '126', '0', '0']);
  expect(stderr).toContain('the call budget of rule "comment" is used up');
});
