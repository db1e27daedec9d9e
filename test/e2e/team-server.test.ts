// examples/team-server, as its README has it: the unit's command line, systemd's credentials, a token, an agent with it.
// Other than in the files are only addresses, places and users, which a test does not make.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { FAKE_AWS_KEY, type FakeAws, startFakeAws } from '../fakes/aws.js';
import { FAKE_GITHUB_TOKEN, type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { type RunningServer, lastRecords, startServer } from '../helpers/server.js';
import { World } from '../helpers/turret-world.js';

const textOf = (name: string): string => readFileSync(join('examples/team-server', name), 'utf8');
const README = textOf('README.md');
const SOCKET = '/run/turret/agent.sock';

/** The words of a line of a shell, without what follows a redirection. */
function wordsOf(line: string | undefined): string[] {
  return [...(line ?? '').replace(/ >.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
} // prettier-ignore

/** Each of these is in the text. */
function replaced(text: string, other: Record<string, string>): string {
  return Object.entries(other).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the example does not have ${from}`);
    return before.replace(from, to);
  }, text);
}

let aws: FakeAws;
let github: FakeGithub;
let world: World;
let server: RunningServer;
beforeAll(async () => {
  [aws, github] = await Promise.all([startFakeAws(), startFakeGithub()]);
  aws.state.buckets.set('acme-builds', { name: 'acme-builds', region: 'us-east-1', objects: new Map(), uploads: new Map() });
  world = new World(
    replaced(textOf('turret.yaml'), {
      "'systemd:aws', user: turret-aws": `'systemd:aws', endpoint: "${aws.url}"`,
      "'systemd:github', user: turret-gh": `'systemd:github', endpoint: "${github.url}"`,
    }),
  );
  const credentials = join(world.root, 'credentials');
  mkdirSync(credentials, { mode: 0o700 });
  const { accessKeyId, secretAccessKey } = FAKE_AWS_KEY;
  const key = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey };
  writeFileSync(join(credentials, 'aws'), JSON.stringify(key));
  writeFileSync(join(credentials, 'github'), FAKE_GITHUB_TOKEN.token);
  const options = unitOptions();
  server = await world.in({ ...world.env, CREDENTIALS_DIRECTORY: credentials }, () => startServer(world, options));
}, 30_000); // prettier-ignore
afterAll(async () => {
  world.close();
  await Promise.all([aws.close(), github.close()]);
});

describe('the team server of the examples', () => {
  test('gives an agent with the token of the README what both allow, and no key', async () => {
    const create = wordsOf(/^turret (token create .*)$/m.exec(README)?.[1]);
    const made = await world.turret(...create.map((word) => (word === SOCKET ? server.place.socket : word)));
    expect(made.stderr).toBe('');
    const file = join(world.root, 'ci.token');
    writeFileSync(file, made.stdout, { mode: 0o600 });
    const run = wordsOf(/^turret run (--via .*) -- /m.exec(README)?.[1]);
    const options = run.map((word) => replacedWord(word, file));
    const commands = [
      'echo built >app.txt; aws s3 cp app.txt s3://acme-builds/app.txt --no-progress',
      'aws s3 cp s3://acme-builds/app.txt -',
      'aws ec2 describe-regions 2>&1',
      'aws s3 cp app.txt s3://acme-prod-data/app.txt 2>&1',
      'gh pr list --repo acme/app',
      'gh issue list --repo acme/app 2>&1',
    ];
    const script = commands.map((command) => `${command}; echo "exit $?"`).join('\n');
    const ran = await world.run(['sh', '-c', `${script}\nenv`], options);
    const said = ran.stdout.toString();
    expect(said.match(/(?<=^exit )\d+$/gm)).toEqual(['0', '0', '126', '126', '0', '126']);
    expect(said).toContain('built');
    expect(said).toMatch(/denied aws\.ec2\.describe_regions .*because the token "sh" was not given it/);
    expect(said).toMatch(/denied aws\.s3\.put_object .*by rule "not-production"/);
    for (const secret of [FAKE_AWS_KEY.secretAccessKey, FAKE_GITHUB_TOKEN.token, made.stdout.toString().trim()])
      expect(said + ran.stderr).not.toContain(secret);
    const asked = lastRecords(world).filter(({ type }) => type === 'call.decided');
    expect(asked.map(({ agent, effect }) => `${String(agent)} ${String(effect)}`)).toEqual([
      'ci/sh allow', 'ci/sh allow', 'ci/sh deny', 'ci/sh deny', 'ci/sh allow', 'ci/sh deny',
    ]);
  }); // prettier-ignore

  test('stops by the signal that systemd sends', async () => {
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });
});

/** What the unit gives `turret serve`, for a place and a group of the test's. */
function unitOptions(): string[] {
  const [, ...words] = wordsOf(/^ExecStart=(.*)$/m.exec(textOf('turret.service'))?.[1]);
  if (words.slice(0, 3).join(' ') !== 'serve --config /etc/turret/turret.yaml')
    throw new Error(words.join(' '));
  const others = new Map([
    [SOCKET, join(world.runtime, 'agent.sock')],
    ['turret-agents', String(process.getgid?.())],
  ]);
  return words.slice(3).map((word) => others.get(word) ?? word);
}

function replacedWord(word: string, file: string): string {
  if (word === SOCKET) return server.place.socket;
  return word === 'ci.token' ? file : word;
}
