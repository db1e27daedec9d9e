// What AWS and GitHub are to one session: fakes that verify every signature and token, that hold what the cases of the corpus
// are after, and that answer, when a case says so, with the repeater's own secret.

import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { type FakeAws, startFakeAws } from '../fakes/aws.js';
import { type FakeGithub, startFakeGithub } from '../fakes/github.js';
import { CANARY_KEY, CANARY_TOKEN } from '../helpers/canary.js';
import type { AttackCase } from './case.js';

export interface Upstream {
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  /** Everything as it was at the start, and the answers this case wants. */
  prepare(one: Pick<AttackCase, 'category' | 'response'>): void;
  /** What was asked with a credential that was proved, since `prepare`. */
  verified(): {
    readonly operation: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
  }[];
  close(): Promise<void>;
}

const SECRET = CANARY_KEY.secretAccessKey;
/** The same secret in an object, as a program may have left it there. */
const SECRET_OBJECTS: Readonly<Record<string, Uint8Array>> = {
  'secret.gz': gzipSync(SECRET),
  'secret.b64': Buffer.from(
    [0, 1, 2].map((before) => Buffer.from(`${'x'.repeat(before)}${SECRET}`).toString('base64')).join('\n'),
  ),
  'secret.url': Buffer.from(encodeURIComponent(SECRET)),
  'secret.hex': Buffer.from(Buffer.from(SECRET).toString('hex')),
  'secret.txt': Buffer.from(`key = ${SECRET}\n`),
  // Over the border of every chunk it may be cut into.
  chunked: Buffer.from(`${'.'.repeat(65_530)}${SECRET}`.repeat(4)),
  utf16: Buffer.from(SECRET, 'utf16le'),
};

/** @param socket of the fake GitHub, for a gh that is not guarded */
export async function startUpstream(socket?: string): Promise<Upstream> {
  const [aws, github] = await Promise.all([
    startFakeAws({ keys: [CANARY_KEY] }),
    startFakeGithub({ tokens: [CANARY_TOKEN], ...(socket === undefined ? {} : { socket }) }),
  ]);
  return {
    aws,
    github,
    prepare({ response }) {
      aws.reset();
      github.reset();
      aws.faults.length = 0;
      aws.requests.length = 0;
      github.requests.length = 0;
      github.faults.hang = 0;
      addRelease(github);
      addVictim(github);
      aws.state.extraTags.clear();
      if (response === undefined) return;
      if (response.includes('PR title')) setTitles(github, '\u001b]52;c;ZXZpbA==\u0007 fine \u202e');
      if (response.includes('secret')) placeSecrets(aws, github);
    },
    verified: () =>
      [...aws.requests, ...github.requests]
        .filter(({ verified }) => verified)
        .map(({ operation, method, path, query, status }) => ({
          operation,
          method,
          path: query === '' ? path : `${path}?${query}`,
          status,
        })),
    close: async () => {
      await Promise.all([aws.close(), github.close()]);
    },
  };
}

const repo = (github: FakeGithub, name: string) => {
  const found = github.state.repos.get(name);
  if (found === undefined) throw new Error(`the fake has no ${name}`);
  return found;
};

/** The release `v1` of the corpus. */
function addRelease(github: FakeGithub): void {
  const bytes = Buffer.from('export PATH=/tmp/evil\n');
  repo(github, 'acme/app').releases.unshift({
    id: 199,
    tag: 'v1',
    name: 'v1',
    body: '',
    prerelease: false,
    assets: [{ id: 1999, name: 'bashrc', contentType: 'text/plain', bytes }],
  });
}

/** The pull request 5 of the victim. */
function addVictim(github: FakeGithub): void {
  const { items } = repo(github, 'victim/private');
  const pull = [...items.values()].find(({ kind }) => kind === 'pull');
  if (pull !== undefined) items.set(5, { ...pull, number: 5 });
}

function setTitles(github: FakeGithub, title: string): void {
  for (const item of repo(github, 'acme/app').items.values()) item.title = title;
}

function placeSecrets(aws: FakeAws, github: FakeGithub): void {
  aws.state.extraTags.set('note', SECRET);
  const bucket = aws.state.buckets.get('allowed');
  for (const [key, bytes] of Object.entries(SECRET_OBJECTS)) {
    const file = aws.state.newFile();
    writeFileSync(file, bytes);
    const [any] = bucket?.objects.values() ?? [];
    if (any !== undefined) bucket?.objects.set(key, { ...any, key, file, size: bytes.length });
  }
  const k = bucket?.objects.get('k');
  if (k !== undefined)
    bucket?.objects.set('k', { ...k, headers: { ...k.headers, 'x-amz-meta-note': SECRET } });
  for (const item of repo(github, 'acme/app').items.values()) item.body = CANARY_TOKEN.token;
}
