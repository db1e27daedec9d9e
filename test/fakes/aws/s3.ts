import { spoolBody } from './body.js';
import { AwsError } from './errors.js';
import { readAddress, s3Operation } from './s3-address.js';
import { BUCKETS } from './s3-buckets.js';
import {
  empty,
  findBucket,
  findObject,
  IDS,
  ok,
  storedHeaders,
  textBody,
  type S3Call,
  type S3Operation,
} from './s3-call.js';
import { S3_NAMESPACE } from './s3-listing.js';
import { appendFile, completeUpload, findUpload, listParts, openUpload } from './s3-multipart.js';
import { FIXED_TIME, type AwsState, type Bucket, type StoredObject } from './state.js';
import { decodeUri, queryValue, type Reply, type WireRequest } from './wire.js';
import { textsOf, xml } from './xml.js';

const LAST_MODIFIED = new Date(FIXED_TIME).toUTCString();

/** Start and length of one `bytes=` range; the whole object when there is none. */
function readRange(range: string | undefined, size: number): { start: number; length: number } {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (parts === null) return { start: 0, length: size };
  const [, first = '', last = ''] = parts;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) throw new AwsError('InvalidRange', 416, 'The requested range is not satisfiable');
  return { start, length: end - start + 1 };
}

function sendObject(call: S3Call, withBody: boolean): Reply {
  const { wire, address } = call;
  const object = findObject(findBucket(call, address.bucket), address.key);
  const etag = `"${object.etag}"`;
  if (wire.headers['if-none-match'] === etag) return empty(304, { etag });
  if (wire.headers['if-match'] !== undefined && wire.headers['if-match'] !== etag) {
    throw new AwsError(
      'PreconditionFailed',
      412,
      'At least one of the pre-conditions you specified did not hold',
    );
  }
  const part = readRange(wire.headers['range'], object.size);
  const partial = wire.headers['range'] !== undefined;
  const headers = {
    ...IDS,
    ...object.headers,
    etag,
    'last-modified': LAST_MODIFIED,
    'accept-ranges': 'bytes',
    'content-length': String(part.length),
    ...(partial
      ? { 'content-range': `bytes ${part.start}-${part.start + part.length - 1}/${object.size}` }
      : {}),
    ...(object.crc32 !== undefined && !partial && wire.headers['x-amz-checksum-mode'] === 'ENABLED'
      ? { 'x-amz-checksum-crc32': object.crc32, 'x-amz-checksum-type': 'FULL_OBJECT' }
      : {}),
  };
  return { status: partial ? 206 : 200, headers, body: withBody ? { file: object.file, ...part } : '' };
}

function copySource(call: S3Call): { bucket: Bucket; object: StoredObject } {
  const text = decodeUri(call.wire.headers['x-amz-copy-source'] ?? '')
    .replace(/^\//, '')
    .replace(/\?versionId=.*$/, '');
  const slash = text.indexOf('/');
  const bucket = findBucket(call, text.slice(0, slash));
  return { bucket, object: findObject(bucket, text.slice(slash + 1)) };
}

const copyResult = (tag: 'CopyObjectResult' | 'CopyPartResult', etag: string): Reply =>
  ok(
    tag === 'CopyObjectResult'
      ? xml`<CopyObjectResult xmlns="${S3_NAMESPACE}"><LastModified>${FIXED_TIME}</LastModified><ETag>"${etag}"</ETag></CopyObjectResult>`
      : xml`<CopyPartResult xmlns="${S3_NAMESPACE}"><LastModified>${FIXED_TIME}</LastModified><ETag>"${etag}"</ETag></CopyPartResult>`,
  );

const OBJECTS: Readonly<Record<string, S3Operation>> = {
  GetObject: (call) => sendObject(call, true),
  HeadObject: (call) => sendObject(call, false),
  async PutObject(call) {
    const bucket = findBucket(call, call.address.bucket);
    const file = call.state.newFile();
    const facts = await spoolBody(call.wire, file);
    const summed =
      call.wire.headers['x-amz-checksum-crc32'] !== undefined ||
      call.wire.headers['x-amz-trailer'] === 'x-amz-checksum-crc32';
    bucket.objects.set(call.address.key, {
      key: call.address.key,
      file,
      size: facts.size,
      etag: facts.md5,
      headers: storedHeaders(call.wire),
      crc32: summed ? facts.crc32 : undefined,
    });
    return empty(200, {
      etag: `"${facts.md5}"`,
      ...(summed ? { 'x-amz-checksum-crc32': facts.crc32, 'x-amz-checksum-type': 'FULL_OBJECT' } : {}),
    });
  },
  CopyObject(call) {
    const { object } = copySource(call);
    const replaced = call.wire.headers['x-amz-metadata-directive'] === 'REPLACE';
    findBucket(call, call.address.bucket).objects.set(call.address.key, {
      ...object,
      key: call.address.key,
      headers: replaced ? storedHeaders(call.wire) : object.headers,
    });
    return copyResult('CopyObjectResult', object.etag);
  },
  DeleteObject(call) {
    findBucket(call, call.address.bucket).objects.delete(call.address.key);
    return empty(204);
  },
  GetObjectTagging(call) {
    findObject(findBucket(call, call.address.bucket), call.address.key);
    return ok(xml`<Tagging xmlns="${S3_NAMESPACE}"><TagSet></TagSet></Tagging>`);
  },
  async DeleteObjects(call) {
    const bucket = findBucket(call, call.address.bucket);
    const text = await textBody(call);
    const keys = textsOf(text, 'Key');
    for (const key of keys) bucket.objects.delete(key);
    const quiet = textsOf(text, 'Quiet').includes('true');
    return ok(
      xml`<DeleteResult xmlns="${S3_NAMESPACE}">${quiet ? undefined : keys.map((key) => xml`<Deleted><Key>${key}</Key></Deleted>`)}</DeleteResult>`,
    );
  },
};

function uploadOf(call: S3Call): { bucket: Bucket; upload: ReturnType<typeof findUpload>; number: number } {
  const bucket = findBucket(call, call.address.bucket);
  const upload = findUpload(bucket, queryValue(call.wire, 'uploadId') ?? '', call.address.key);
  return { bucket, upload, number: Number(queryValue(call.wire, 'partNumber') ?? '0') };
}

const MULTIPART: Readonly<Record<string, S3Operation>> = {
  CreateMultipartUpload(call) {
    const bucket = findBucket(call, call.address.bucket);
    const upload = openUpload(bucket, call.address.key, storedHeaders(call.wire));
    return ok(
      xml`<InitiateMultipartUploadResult xmlns="${S3_NAMESPACE}"><Bucket>${bucket.name}</Bucket><Key>${upload.key}</Key><UploadId>${upload.id}</UploadId></InitiateMultipartUploadResult>`,
    );
  },
  async UploadPart(call) {
    const { upload, number } = uploadOf(call);
    const file = call.state.newFile();
    const facts = await spoolBody(call.wire, file);
    upload.parts.set(number, { file, size: facts.size, md5: facts.md5 });
    return empty(200, { etag: `"${facts.md5}"` });
  },
  async UploadPartCopy(call) {
    const { upload, number } = uploadOf(call);
    const { object } = copySource(call);
    const part = readRange(call.wire.headers['x-amz-copy-source-range'], object.size);
    const file = call.state.newFile();
    const md5 = await appendFile({ file: object.file, ...part }, file);
    upload.parts.set(number, { file, size: part.length, md5 });
    return copyResult('CopyPartResult', md5);
  },
  async CompleteMultipartUpload(call) {
    const { bucket, upload } = uploadOf(call);
    const object = await completeUpload(call.state, bucket, upload, await textBody(call));
    return ok(
      xml`<CompleteMultipartUploadResult xmlns="${S3_NAMESPACE}"><Location>http://${bucket.name}.s3.amazonaws.com/${object.key}</Location><Bucket>${bucket.name}</Bucket><Key>${object.key}</Key><ETag>"${object.etag}"</ETag></CompleteMultipartUploadResult>`,
    );
  },
  AbortMultipartUpload(call) {
    const { bucket, upload } = uploadOf(call);
    bucket.uploads.delete(upload.id);
    return empty(204);
  },
  ListParts(call) {
    const { bucket, upload } = uploadOf(call);
    return ok(listParts(bucket, upload));
  },
};

const OPERATIONS: Readonly<Record<string, S3Operation>> = { ...BUCKETS, ...OBJECTS, ...MULTIPART };

/** The S3 operation a request asks for; '' when this fake does not serve it. */
export function nameS3Operation(wire: WireRequest): string {
  return s3Operation(wire, readAddress(wire)) ?? '';
}

/** Performs one S3 request whose signature has been verified. Throws AwsError. */
export async function performS3(wire: WireRequest, state: AwsState, region: string): Promise<Reply> {
  const perform = OPERATIONS[nameS3Operation(wire)];
  if (perform === undefined) {
    throw new AwsError(
      'NotImplemented',
      501,
      'A header or query you provided implies functionality that is not implemented',
    );
  }
  return perform({ wire, state, address: readAddress(wire), region });
}
