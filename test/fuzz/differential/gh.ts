// What the real gh does with the words that were typed, and what it does with the words we made of them, against the same
// GitHub: the same requests, the same output, the same files. A difference that is no refusal is a bug.

import { deepEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';

import { planGh } from '../../../repeaters/gh/plan.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import type { GhContext } from '../../../repeaters/gh/types.js';
import { FAKE_GITHUB_TOKEN, type FakeGithub, startFakeGithub } from '../../fakes/github.js';
import { type GhCall, type GhSession, openGhSession } from '../../helpers/gh-session.js';
import { edited, edits } from '../arbitraries/aws-argv.js';
import { corpusArgv } from '../arbitraries/corpus.js';
import { ghArgv } from '../arbitraries/gh-argv.js';
import { counter, type FuzzTarget, refusedOr } from '../target.js';
import { type GithubRecorder, startGithubRecorder } from './github-recorder.js';

// The table decides what is generated and resolved; openGhSession looks which gh is installed.
const context: GhContext = { name: 'gh', host: 'github.com', table: loadTable('2.23.0') };
const CALL: GhCall = {
  facts: {
    'env.GH_REPO': 'acme/app',
    'git.branch': '',
    'git.remotes': '',
    'git.config.remote.*.gh-resolved': '',
  },
  stdin: 'from=stdin\n',
  git: true,
  files: { 'a.txt': 'a', 'b/c.txt': 'c', 'f.txt': '{"x":1}' },
};
/** Encrypted for the server, each time anew; a colour when none is given. */
const RANDOM_BODY = ['secret set', 'label create'];

interface World {
  fake: FakeGithub;
  recorder: GithubRecorder;
  session: GhSession;
  directory: string;
}

async function openWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'turret-fuzz-'));
  const socket = join(directory, 's');
  const fake = await startFakeGithub();
  const recorder = await startGithubRecorder({ upstream: fake.url, socket });
  const session = await openGhSession({ endpoint: recorder.url, socket, token: FAKE_GITHUB_TOKEN.token });
  return { fake, recorder, session, directory };
}

async function closeWorld({ fake, recorder, session, directory }: World): Promise<void> {
  await session.close();
  await recorder.close();
  await fake.close();
  rmSync(directory, { recursive: true, force: true });
}

/** Owner and name of a repository have no case, and a path has one spelling: ours are the lower and the plain one. */
function canonical(request: string): string {
  const [method = '', address = '', ...body] = request.split(' ');
  const [path = '', ...query] = address.split('?');
  const plain = [method, [decodeURIComponent(path), ...query].join('?'), ...body].join(' ');
  return plain.replaceAll(/acme|other|app/gi, (word) => word.toLowerCase());
}

/** Several requests at once, and the rest is left when one fails: which ones went out is chance. */
const CHANCE = ['label clone'];

/** What a run did, seen from outside. */
async function seen<T extends { exit: number; stdout: Buffer; written: Record<string, string> }>(
  { fake, recorder }: World,
  name: string,
  run: () => Promise<T>,
): Promise<[essence: unknown, outcome: T]> {
  fake.reset();
  recorder.requests.length = 0;
  const outcome = await run();
  const requests = recorder.requests
    .map((one) => canonical(RANDOM_BODY.includes(name) ? one.split(' ').slice(0, 2).join(' ') : one))
    .sort();
  return [
    {
      exit: outcome.exit,
      stdout: outcome.stdout.toString('latin1'),
      written: outcome.written,
      requests: CHANCE.includes(name) ? [] : requests,
    },
    outcome,
  ];
}

/** A batch whose time is over does not wait for its last case: that one's requests must not be taken for the next one's. */
function alone(run: () => Promise<void>): Promise<void> {
  const mine = turn.then(run);
  turn = mine.catch(() => {});
  return mine;
}
let turn: Promise<void> = Promise.resolve();

const count = counter();
let world: Promise<World> | undefined;

export const DIFFERENTIAL_GH: FuzzTarget[] = [
  {
    name: 'differential-gh/v2',
    claim:
      'gh asks the same, prints the same and writes the same for the words that were typed and for the words we made',
    cases: 60,
    share: 15,
    taken: count.taken,
    close: async () => {
      if (world) await closeWorld(await world);
    },
    property: fc.asyncProperty(
      fc.oneof(
        { arbitrary: ghArgv(context.table), weight: 20 },
        { arbitrary: fc.tuple(corpusArgv('gh'), edits).map(([argv, todo]) => edited(argv, todo)), weight: 1 },
      ),
      async (argv) => {
        const facts = CALL.facts ?? {};
        const result = refusedOr(['unresolvable'], () =>
          resolveGh({ tool: 'gh', argv, cwd: '/home/agent', facts }, context),
        );
        if (!result || !('capabilities' in result)) return;
        const plan = planGh(JSON.parse(JSON.stringify(result)) as typeof result, context);
        if (plan.local) return;
        // A file of /tmp is one of this machine for the words that were typed.
        if (result.needs.files.some(({ path }) => path.startsWith('/'))) return;
        count.add();
        world ??= openWorld();
        const here = await world;
        const name = plan.argv.slice(0, 2).join(' ');
        await alone(async () => {
          const [made, { refused }] = await seen(here, name, () =>
            here.session.perform(result.capabilities, result.needs, CALL),
          );
          // The wire said no: narrower than gh, which is allowed.
          if (refused.length > 0) return;
          const [typed] = await seen(here, name, () => here.session.bare(argv, CALL));
          deepEqual(made, typed);
        });
      },
    ),
  },
];
