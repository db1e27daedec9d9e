// The world of one agent: a user with a HOME, keys and a turret.yaml, and a model, an AWS and a GitHub on loopback.

import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { CANARY_KEY, CANARY_TOKEN } from '../helpers/canary.js';
import { type TestHome, credentialVariables, makeHome } from '../helpers/turret.js';
import { TURRET, removeOnceQuiet } from '../helpers/turret-world.js';
import type { TestedAgent } from './agents.js';
import { programOf } from './installed.js';
import { type ScriptedModel, startScriptedModel } from './model/server.js';
import { CANARY_MODEL_KEY, END, configFor, modelKeys } from './task.js';

export interface As {
  /** Who runs `turret run`, when not we. */
  readonly uid?: number;
  /** A copy of bin/turret.js that this user can read. */
  readonly turret?: string;
}
export interface Stage {
  readonly home: TestHome;
  /** The user's environment. */
  readonly env: Record<string, string>;
  readonly model: ScriptedModel;
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  /** `turret run` with the agent and these arguments of it. */
  readonly words: (args: readonly string[]) => string[];
  close(): Promise<void>;
}

/**
 * @param commands what the model has the agent run
 * @param more files of the user's in HOME
 */
export async function openStage(
  agent: TestedAgent,
  commands: readonly string[],
  { uid, turret = TURRET }: As,
  more: TestedAgent['home'] = {},
): Promise<Stage> {
  const program = programOf(agent);
  const script = { shell: agent.shell, commands, end: END };
  const [aws, github, model] = await Promise.all([
    startFakeAws({ keys: [CANARY_KEY] }),
    startFakeGithub({ tokens: [CANARY_TOKEN] }),
    startScriptedModel(script, { key: CANARY_MODEL_KEY, models: [agent.model] }),
  ]);
  const home = makeHome();
  const config = path.join(home.directory, 'turret.yaml');
  const urls = { aws: aws.url, gh: github.url, model: model.url };
  placeFiles(home, { ...agent.home, ...more, 'turret.yaml': configFor(urls) });
  if (uid !== undefined) giveTo(home.directory, uid);
  return {
    home,
    env: {
      HOME: home.directory,
      PATH: `/usr/bin:/bin:${path.dirname(process.execPath)}`,
      LANG: 'C.UTF-8',
      ...credentialVariables(CANARY_KEY, CANARY_TOKEN.token),
      ...modelKeys(),
      ...agent.env,
    },
    ...{ model, aws, github },
    words: (args) => [process.execPath, turret, 'run', '--config', config, '--', program, ...args],
    async close() {
      await Promise.all([aws.close(), github.close(), model.close()]);
      removeOnceQuiet(home.directory);
    },
  };
}

/** @param files by their path below HOME; `{workspace}` in them is the directory the agent works in */
function placeFiles({ directory, workspace }: TestHome, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text.replaceAll('{workspace}', workspace), { mode: 0o600 });
  }
}

function giveTo(directory: string, uid: number): void {
  chownSync(directory, uid, uid);
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(directory, entry), uid, uid);
}
