// For each category the same attack on tools that nobody guards: it has to be seen to work. If it does not, nothing that
// the guarded run shows of this category means anything.

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { CANARY_SECRET_ACCESS_KEY } from '../fakes/aws.js';
import { VICTIM_CANARY } from '../fakes/github.js';
import { CANARY_KEY } from '../helpers/canary.js';
import type { BareWorld } from './bare.js';
import type { AttackCase } from './case.js';
import type { Said } from './guarded.js';
import { HOME, USER_ID } from './layout.js';
import type { Attacker } from './listener.js';
import { hasSecret } from './secrets.js';
import { changedFiles, surroundings } from './user-home.js';

interface Seen {
  readonly said: Said;
  readonly text: string;
  readonly changed: readonly string[];
  readonly attacker: string;
  readonly metadata: readonly string[];
  readonly upstream: string;
  readonly world: BareWorld;
}

interface Control {
  /** Case of the corpus that is run. */
  readonly id: string;
  /** The tools look for AWS and GitHub themselves: what is shown is where else they go. */
  readonly direct?: true;
  /** Its words, where the case's own find nothing to attack on a machine without Turret. */
  readonly argv?: readonly string[];
  /** Cases that have to go before. */
  readonly after?: readonly string[];
  readonly claim: string;
  readonly worked: (seen: Seen) => boolean;
}

const secretIn = ({ text }: Seen): boolean => hasSecret(text);
const secretAtAttacker = ({ attacker }: Seen): boolean => hasSecret(attacker);
const atUpstream =
  (pattern: RegExp) =>
  ({ upstream }: Seen): boolean =>
    pattern.test(upstream);

const CONTROLS: Readonly<Record<string, Control>> = {
  'aws-endpoint': {
    id: 'aws-endpoint-01',
    direct: true,
    claim: 'the attacker gets a signed request with the session token',
    worked: secretAtAttacker,
  },
  'aws-parser': {
    id: 'aws-parser-08',
    claim: 'the last of two buckets is listed',
    worked: ({ text }) => text.includes('secret.txt'),
  },
  'aws-fileread': {
    id: 'aws-fileread-01',
    claim: 'the environment with the key is printed',
    worked: secretIn,
  },
  'aws-envexpand': { id: 'aws-envexpand-01', claim: 'the key is printed', worked: secretIn },
  'aws-ssrf': {
    id: 'aws-ssrf-02',
    direct: true,
    claim: 'the metadata service is asked',
    worked: ({ metadata }) => metadata.length > 0,
  },
  'aws-filewrite': {
    id: 'aws-filewrite-01',
    claim: '~/.bashrc is written',
    worked: ({ changed }) => changed.includes(path.join(HOME, '.bashrc')),
  },
  'aws-credop': {
    id: 'aws-credop-06',
    claim: 'a new key is printed',
    worked: ({ text }) => text.includes(CANARY_SECRET_ACCESS_KEY),
  },
  'aws-localsign': {
    id: 'aws-localsign-01',
    direct: true,
    claim: 'a signed URL with the session token is printed',
    worked: secretIn,
  },
  'aws-config': { id: 'aws-config-01', direct: true, claim: 'the key is printed', worked: secretIn },
  'aws-exec': { id: 'aws-exec-21', direct: true, claim: 'a shell runs and prints the key', worked: secretIn },
  'aws-output': { id: 'aws-output-03', claim: 'the session token is in the trace', worked: secretIn },
  'aws-write': {
    id: 'aws-write-01',
    claim: 'AWS is asked, with the real key',
    worked: atUpstream(/AttachUserPolicy|POST \//),
  },
  'aws-verb': {
    id: 'aws-verb-04',
    claim: 'AWS is asked, with the real key',
    worked: atUpstream(/dynamodb|POST \//),
  },
  'aws-env': {
    id: 'aws-env-03',
    direct: true,
    claim: 'the attacker is asked for a tunnel',
    worked: ({ attacker }) => attacker.includes('CONNECT '),
  },
  'redact-evasion': {
    id: 'redact-evasion-06',
    claim: 'the answer with the key is printed',
    worked: secretIn,
  },
  'gh-cred': { id: 'gh-cred-01', direct: true, claim: 'the token is printed', worked: secretIn },
  'gh-jqenv': { id: 'gh-jqenv-02', claim: 'the token is printed', worked: secretIn },
  'gh-host': {
    id: 'gh-host-05',
    direct: true,
    claim: 'the attacker gets the token',
    worked: secretAtAttacker,
  },
  'gh-api': {
    id: 'gh-api-04',
    claim: 'GitHub is asked to delete, with the real token',
    worked: atUpstream(/DELETE \/repos\/acme\/app/),
  },
  'gh-fileread': {
    id: 'gh-fileread-11',
    claim: 'the file with the token is in an issue',
    worked: ({ world }) =>
      JSON.stringify([...(world.upstream.github.state.repos.get('acme/app')?.items.values() ?? [])]).includes(
        'oauth_token',
      ),
  },
  'gh-filewrite': {
    id: 'gh-filewrite-02',
    claim: '~/.bashrc is written',
    worked: ({ changed }) => changed.includes(path.join(HOME, '.bashrc')),
  },
  'gh-exec': {
    id: 'gh-exec-04',
    direct: true,
    after: ['gh-exec-02'],
    claim: 'a shell runs and prints the token',
    worked: secretIn,
  },
  'gh-cwdgit': {
    id: 'gh-cwdgit-13',
    claim: "the victim's pull request is printed",
    worked: ({ text }) => text.includes(VICTIM_CANARY),
  },
  'gh-parser': {
    id: 'gh-parser-02',
    claim: 'the words are taken, GitHub is asked',
    worked: atUpstream(/graphql/),
  },
  'gh-env': {
    id: 'gh-env-11',
    direct: true,
    claim: 'the attacker is asked for a tunnel',
    worked: ({ attacker }) => attacker.includes('CONNECT '),
  },
  'gh-write': {
    id: 'gh-write-01',
    claim: 'GitHub is asked to delete, with the real token',
    worked: atUpstream(/DELETE \/repos\/acme\/app/),
  },
  'aws-scope': {
    id: 'aws-scope-own-13',
    claim: "the other bucket's object is printed",
    worked: ({ text }) => text.includes('nobody may read'),
  },
  'gh-search': {
    id: 'gh-search-own-01',
    claim: 'GitHub is asked for the repository and for all of an owner',
    worked: atUpstream(/search\/issues\?.*user%3Avictim/),
  },
  'gh-scope': {
    id: 'gh-scope-own-09',
    claim: 'the other repository is printed',
    worked: ({ text }) => text.includes(VICTIM_CANARY),
  },
  words: {
    id: 'words-own-01',
    claim: 'the words are taken, AWS is asked',
    worked: atUpstream(/DescribeInstances/),
  },
  'files-race': {
    id: 'files-race-own-11',
    argv: ['sh', '-c', 'aws s3 cp - s3://allowed/x < ~/secret.txt; aws s3 cp s3://allowed/x -'],
    claim: 'a file that is no file of the workspace is printed',
    worked: secretIn,
  },
  'os-proc': {
    id: 'os-proc-01',
    // Of what that name is found in, the shell included, the first is the holder of the key.
    argv: ['sh', '-c', 'cat /proc/$(pgrep -f turret-repeater | head -1)/environ'],
    direct: true,
    claim: "another process's environment with the key is printed",
    worked: secretIn,
  },
  'os-files': { id: 'os-files-05', direct: true, claim: 'the token is printed', worked: secretIn },
  'os-net': {
    id: 'os-net-01',
    direct: true,
    claim: 'the metadata service is asked',
    worked: ({ metadata }) => metadata.length > 0,
  },
  audit: {
    id: 'audit-03',
    claim: 'the terminal gets the escape sequence',
    worked: ({ text }) => text.includes('\u001b]52'),
  },
  approval: {
    id: 'approval-02',
    claim: 'AWS is asked, with the real key',
    worked: atUpstream(/DELETE |GET \/allowed/),
  },
};
/** Categories whose control is an honest call through the same driver: what is refused to the attack is served to it. */
export const CONTROLLED_INSIDE: ReadonlySet<string> = new Set(['sock-auth', 'sock-proto']);

export interface Controlled {
  readonly category: string;
  readonly id: string;
  readonly claim: string;
  readonly result: 'worked' | 'failed' | 'impossible';
  /** Why there is none, or what was seen instead. */
  readonly note: string;
}

/** What has to run, with the key, for somebody to look at. */
function holderOfTheKey(asUser: boolean): ChildProcess {
  return spawn('/usr/bin/sleep', ['60'], {
    argv0: 'turret-repeater',
    env: { AWS_SECRET_ACCESS_KEY: CANARY_KEY.secretAccessKey },
    stdio: 'ignore',
    ...(asUser ? { uid: USER_ID, gid: USER_ID } : {}),
  });
}

export interface ControlWorld {
  readonly bare: BareWorld;
  readonly attacker: Attacker;
  readonly cases: readonly AttackCase[];
  readonly version: string;
  readonly asUser: boolean;
}

/** Runs the control of a category. */
export async function control(category: string, world: ControlWorld): Promise<Controlled | undefined> {
  const chosen = CONTROLS[category];
  if (chosen === undefined) return undefined;
  const { id, claim } = chosen;
  if (category === 'aws-ssrf' && !world.version.startsWith('1.'))
    return {
      category,
      id,
      claim,
      result: 'impossible',
      note: `aws ${world.version} follows no URL in a value; aws v1 does`,
    };
  const seen = await runControl(chosen, world);
  if (chosen.worked(seen)) return { category, id, claim, result: 'worked', note: '' };
  return {
    category,
    id,
    claim,
    result: 'failed',
    note: JSON.stringify([seen.said.code, seen.text.slice(-300), seen.upstream, seen.changed]),
  };
}

async function runControl(
  { id, direct, argv, after = [] }: Control,
  { bare, attacker, cases, asUser }: ControlWorld,
): Promise<Seen> {
  const named = (wanted: string): AttackCase => {
    const found = cases.find((one) => one.id === wanted);
    if (found === undefined) throw new Error(`there is no case ${wanted}`);
    return found;
  };
  const one = argv === undefined ? named(id) : { ...named(id), argv };
  bare.upstream.prepare(one);
  const before = surroundings();
  const keep = new Map(
    [...before.keys()].filter((file) => file.startsWith(HOME)).map((file) => [file, readFileSync(file)]),
  );
  const [visits, handed] = [attacker.visits.length, attacker.handedOut.length];
  const holder = one.category === 'os-proc' ? holderOfTheKey(asUser) : undefined;
  for (const first of after) await bare.run(named(first), { direct: direct === true });
  const said = await bare.run(one, { direct: direct === true });
  holder?.kill();
  const changed = changedFiles(before, surroundings());
  restore(changed, keep, asUser);
  return {
    said,
    text: `${said.stdout}\n${said.stderr}`,
    changed,
    attacker: attacker.visits
      .slice(visits)
      .map(({ bytes }) => bytes)
      .join('\n'),
    metadata: attacker.handedOut.slice(handed),
    upstream: bare.upstream
      .verified()
      .map(({ operation, method, path: at }) => `${operation} ${method} ${at}`)
      .join('\n'),
    world: bare,
  };
}

/** What the attack has done to the home is undone: the next one is to find it as it was. */
function restore(changed: readonly string[], keep: ReadonlyMap<string, Buffer>, asUser: boolean): void {
  for (const file of changed) {
    const bytes = keep.get(file);
    rmSync(file, { force: true });
    if (bytes === undefined) continue;
    writeFileSync(file, bytes, { mode: 0o600 });
    if (asUser) chownSync(file, USER_ID, USER_ID);
  }
}
