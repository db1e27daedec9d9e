import { readFile, rm } from 'node:fs/promises';
import { spoolBody } from './body.js';
import { AwsError, REQUEST_ID } from './errors.js';
import type { S3Address } from './s3-address.js';
import type { AwsState, Bucket, StoredObject } from './state.js';
import type { Reply, WireRequest } from './wire.js';
import { document, type Xml } from './xml.js';

export interface S3Call {
  readonly wire: WireRequest;
  readonly state: AwsState;
  readonly address: S3Address;
  readonly region: string;
}

export const IDS = { 'x-amz-request-id': REQUEST_ID, 'x-amz-id-2': 'fake', server: 'AmazonS3' };
const STORED_HEADERS =
  /^(?:content-type|content-encoding|content-disposition|content-language|cache-control|expires|x-amz-meta-.*)$/;

export const ok = (root: Xml): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...IDS },
  body: document(root),
});
export const empty = (status: number, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { ...IDS, ...headers },
  body: '',
});

export function storedHeaders(wire: WireRequest): Record<string, string> {
  const kept = Object.entries(wire.headers).filter(([name]) => STORED_HEADERS.test(name));
  const headers = Object.fromEntries(kept);
  // aws-chunked is how the body travelled, not how the object is encoded.
  const encoding = headers['content-encoding']
    ?.split(',')
    .filter((part) => part.trim() !== 'aws-chunked')
    .join(',');
  if (encoding === '') delete headers['content-encoding'];
  else if (encoding !== undefined) headers['content-encoding'] = encoding;
  return { 'content-type': 'binary/octet-stream', ...headers };
}

/** The bucket, or 404, or 301 to its own region: the answers a client must be able to follow. */
export function findBucket({ state, region }: S3Call, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) {
    throw new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist', {
      details: { BucketName: name },
    });
  }
  if (bucket.region !== region) {
    throw new AwsError(
      'PermanentRedirect',
      301,
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      {
        headers: { 'x-amz-bucket-region': bucket.region },
        details: { Endpoint: `${name}.s3.${bucket.region}.amazonaws.com`, Bucket: name },
      },
    );
  }
  return bucket;
}

export function findObject(bucket: Bucket, key: string): StoredObject {
  const object = bucket.objects.get(key);
  if (object === undefined) {
    throw new AwsError('NoSuchKey', 404, 'The specified key does not exist.', { details: { Key: key } });
  }
  return object;
}

/** A small document in a body, checked against its declared hash like any other. */
export async function textBody(call: S3Call): Promise<string> {
  const file = call.state.newFile();
  await spoolBody(call.wire, file);
  const text = await readFile(file, 'utf8');
  await rm(file);
  return text;
}

export type S3Operation = (call: S3Call) => Reply | Promise<Reply>;
