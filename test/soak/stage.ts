// Where the soak happens: two upstreams that verify what they get, one squad whose broker lives from beginning to end, and
// squads in which everybody may be killed.

import { resolve } from 'node:path';

import { FAKE_AWS_KEY, type FakeAws, startFakeAws } from '../fakes/aws.js';
import { FAKE_GITHUB_TOKEN, type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { World } from '../helpers/turret-world.js';
import { Squad } from './squad.js';

const STEADY_AGENTS = 4;
const ROUGH_SQUADS = 4;
export const AGENTS = STEADY_AGENTS + ROUGH_SQUADS;

export interface Stage {
  squads: Squad[];
  steady: Squad;
  aws: FakeAws;
  github: FakeGithub;
  /** After everything has ended. */
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const [aws, github] = await Promise.all([startFakeAws(), startFakeGithub()]);
  const squad = (name: string, agents: number, isSteady: boolean): Squad =>
    new Squad(worldOf(aws, github), { name, agents, isSteady });
  const steady = squad('steady', STEADY_AGENTS, true);
  const rough = Array.from({ length: ROUGH_SQUADS }, (_, index) => squad(`rough-${index + 1}`, 1, false));
  const squads = [steady, ...rough];
  return {
    squads,
    steady,
    aws,
    github,
    async close() {
      for (const { world } of squads) world.close();
      await Promise.all([aws.close(), github.close()]);
    },
  };
}

function worldOf(aws: FakeAws, github: FakeGithub): World {
  const world = new World(`version: 1
extends: []
repeaters:
  echo: {}
  box: { manifest: ${resolve('test/fixtures/soak/box.yaml')} }
  aws: { region: us-east-1, credentials: env, endpoint: "${aws.url}", cli: /usr/bin/aws }
  gh: { host: github.com, credentials: env, endpoint: "${github.url}" }
rules:
  - { id: work, allow: ["echo.**", "box.**", "aws.**", "gh.**", aws.s3.get_object] }
  - { id: not-this, deny: [echo.stderr, aws.s3.delete_object, gh.repo.delete] }
`);
  world.env = {
    ...world.env,
    AWS_ACCESS_KEY_ID: FAKE_AWS_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_AWS_KEY.secretAccessKey,
    GH_TOKEN: FAKE_GITHUB_TOKEN.token,
  };
  return world;
}

/** Names of what the agents made upstream and that is there. */
export function madeUpstream({ aws, github }: Stage): string[] {
  const objects = [...(aws.state.buckets.get('allowed')?.objects.keys() ?? [])];
  const items = [...github.state.repos.values()].flatMap((repo) => [...repo.items.values()]);
  return [...objects, ...items.map(({ title }) => title)].filter((name) => /^u[0-9a-f]{16}$/.test(name));
}
