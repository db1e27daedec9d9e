// What a tool would take from its surroundings, answered by name. Only what is on these lists is ever told: a broker or
// repeater that asks for more gets nothing, for an environment is where people keep their secrets.

import { execFile } from 'node:child_process';

import { TurretError } from '../errors.js';
import { FACT_BYTES_MAX } from '../protocol/limits.js';
import { parseAgentCall } from '../protocol/parse.js';

const VARIABLES =
  /^(?:AWS_(?:REGION|DEFAULT_REGION|PROFILE|DEFAULT_PROFILE|DEFAULT_OUTPUT)|GH_(?:REPO|HOST)|TZ|LANG|LC_ALL)$/;
const GIT_MS_MAX = 2_000;
const GIT_COMMANDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['git.remotes', ['remote', '-v']],
  ['git.branch', ['branch', '--show-current']],
  ['git.config.remote.*.gh-resolved', ['config', '--get-regexp', String.raw`^remote\..*\.gh-resolved$`]],
]);
const REMOTE_MARK = /^git\.config\.(remote\.[A-Za-z0-9_.-]+\.gh-resolved)$/;

export interface Place {
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/** An answer for every name; '' where there is none, or none for others to know. */
export async function gatherFacts(names: readonly string[], place: Place): Promise<Record<string, string>> {
  const asked = [...new Set(names)].filter((name) => canBeCarried(name));
  return Object.fromEntries(
    await Promise.all(asked.map(async (name) => [name, await answer(name, place)] as const)),
  );
}

async function answer(name: string, place: Place): Promise<string> {
  if (name.startsWith('env.')) {
    const variable = name.slice('env.'.length);
    return VARIABLES.test(variable) ? whole(place.env[variable] ?? '') : '';
  }
  const mark = REMOTE_MARK.exec(name)?.[1];
  const words = GIT_COMMANDS.get(name) ?? (mark === undefined ? undefined : ['config', '--get', mark]);
  return words === undefined ? '' : git(words, place);
}

// No git, no repository, no answer in time: the same as no answer.
function git(words: readonly string[], { env, cwd }: Place): Promise<string> {
  const options = {
    cwd,
    env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    timeout: GIT_MS_MAX,
    killSignal: 'SIGKILL',
    maxBuffer: 1_048_576,
  } as const;
  return new Promise((resolve) => {
    execFile('git', [...words], options, (error, stdout) =>
      resolve(error === null ? lines(stdout.trimEnd()) : ''),
    );
  });
}

/** A value that is too long is none: half a name would be another name. */
function whole(text: string): string {
  return Buffer.byteLength(text) > FACT_BYTES_MAX ? '' : text;
}

/** As many lines as fit. */
function lines(text: string): string {
  let kept = text;
  while (Buffer.byteLength(kept) > FACT_BYTES_MAX) kept = kept.slice(0, Math.max(0, kept.lastIndexOf('\n')));
  return kept;
}

// A name the protocol has no room for would end the whole call; without it the repeater asks for an explicit option.
function canBeCarried(name: string): boolean {
  try {
    parseAgentCall({ action: 'a', facts: { [name]: '' } });
    return true;
  } catch (error) {
    if (error instanceof TurretError) return false;
    throw error;
  }
}
