import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The one moment at which everything in the fakes was created or changed: two runs of a command must not differ. */
export const FIXED_TIME = '2026-01-02T03:04:05.000Z';
export const ACCOUNT_ID = '123456789012';

export interface StoredObject {
  readonly key: string;
  readonly file: string;
  readonly size: number;
  readonly etag: string;
  /** `content-type`, `x-amz-meta-*` and the like, given back as they came. */
  readonly headers: Readonly<Record<string, string>>;
  readonly crc32: string | undefined;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly file: string; readonly size: number; readonly md5: string }>;
}

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
}

export interface AwsState {
  readonly directory: string;
  readonly buckets: Map<string, Bucket>;
  /** DynamoDB tables; items by the JSON of their key. */
  readonly tables: Map<
    string,
    { readonly hashKey: string; readonly items: Map<string, Readonly<Record<string, unknown>>> }
  >;
  /** On every instance, beside its own. */
  readonly extraTags: Map<string, string>;
  /** A new file name under `directory`. */
  newFile(): string;
}

const SEED_OBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  allowed: {
    k: 'the object k\n',
    'a/one.txt': 'one\n',
    'a/two.txt': 'two\n',
    'a/deep/three.txt': 'three\n',
    'prefix/report-1.csv': 'id,amount\n1,10\n',
    'prefix/report-2.csv': 'id,amount\n2,20\n',
    'prefix/sub/report-3.csv': 'id,amount\n3,30\n',
  },
  forbidden: { 'secret.txt': 'nobody may read this through Turret\n' },
  'prod-data': { 'db/dump.sql': 'select 1;\n', 'README.md': '# production data\n' },
  'eu-bucket': { 'hello.txt': 'hallo\n' },
};

export const md5Of = (bytes: string | Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** The seeded world, put back in place: same names, same bytes, same order. */
export function seedState(state: AwsState): void {
  state.buckets.clear();
  state.tables.clear();
  for (const [name, objects] of Object.entries(SEED_OBJECTS)) {
    const bucket: Bucket = {
      name,
      region: name === 'eu-bucket' ? 'eu-west-1' : 'us-east-1',
      objects: new Map(),
      uploads: new Map(),
    };
    state.buckets.set(name, bucket);
    for (const [key, text] of Object.entries(objects)) {
      const file = state.newFile();
      writeFileSync(file, text);
      bucket.objects.set(key, {
        key,
        file,
        size: Buffer.byteLength(text),
        etag: md5Of(text),
        headers: { 'content-type': 'binary/octet-stream' },
        crc32: undefined,
      });
    }
  }
  state.tables.set('users', {
    hashKey: 'id',
    items: new Map([['{"S":"1"}', { id: { S: '1' }, name: { S: 'ada' } }]]),
  });
}

export function createState(): AwsState & { dispose(): void } {
  const directory = mkdtempSync(path.join(tmpdir(), 'fake-aws-'));
  let files = 0;
  const state = {
    directory,
    buckets: new Map(),
    tables: new Map(),
    extraTags: new Map(),
    newFile: () => path.join(directory, String((files += 1))),
    dispose: () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
  seedState(state);
  return state;
}
