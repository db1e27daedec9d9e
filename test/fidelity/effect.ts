// What a command did, in every way its caller or anybody after it can see.

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import type { FakeAws } from '../fakes/aws.js';
import type { FakeGithub } from '../fakes/github.js';

export interface Effect {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Path, mode, time and content of every file; the time only when it is not the time of the run. */
  readonly files: string;
  /** What the fakes hold. */
  readonly upstream: string;
}

/** Every file below the directory, one line each. `.git` is git's own. */
export function describeFiles(directory: string, started: Date): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !path.relative(directory, file).startsWith('.git'))
    .sort()
    .map((file) => describeFile(directory, file, started))
    .join('\n');
}

function describeFile(directory: string, file: string, started: Date): string {
  const { mode, mtimeMs } = lstatSync(file);
  const isFile = (mode & 0o170000) === 0o100000;
  // Times to the second: the tools set no finer ones.
  const time = mtimeMs >= started.getTime() - 1_000 ? 'now' : new Date(mtimeMs).toISOString().slice(0, 19);
  const content = isFile ? createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16) : '';
  return [path.relative(directory, file), mode.toString(8), isFile ? time : '', content].join(' ');
}

/** Everything that was stored, without the order and the moment of storing. */
export function describeUpstream(aws: FakeAws, github: FakeGithub): string {
  const objects = [...aws.state.buckets.values()].flatMap(({ name, objects, uploads }) => [
    ...[...objects.values()].map(({ key, size, etag, headers }) => [name, key, size, etag, headers]),
    ...[...uploads.values()].map(({ key }) => [name, key, 'unfinished']),
  ]);
  const repositories = [...github.state.repos.values()].map((repo) => ({
    ...repo,
    items: [...repo.items.values()],
    branches: [...repo.branches],
    releases: repo.releases.map((release) => ({
      ...release,
      assets: release.assets.map((asset) => ({ ...asset, bytes: asset.bytes.toString('base64') })),
    })),
  }));
  return JSON.stringify([objects.map((object) => JSON.stringify(object)).sort(), repositories], null, 1);
}
