import { createReadStream, createWriteStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { AwsError } from './errors.js';
import { FIXED_TIME, md5Of, type AwsState, type Bucket, type StoredObject, type Upload } from './state.js';
import { textsOf, xml, type Xml } from './xml.js';
import { OWNER, S3_NAMESPACE } from './s3-listing.js';

/** Ids are derived, not random: how many uploads of this key are open decides, so that a finished one can be repeated. */
export function openUpload(bucket: Bucket, key: string, headers: Readonly<Record<string, string>>): Upload {
  const open = [...bucket.uploads.values()].filter((upload) => upload.key === key).length;
  const id = createHash('sha256').update(`${bucket.name}\0${key}\0${open}`).digest('hex').slice(0, 32);
  const upload: Upload = { id, key, headers, parts: new Map() };
  bucket.uploads.set(id, upload);
  return upload;
}

export function findUpload(bucket: Bucket, id: string, key: string): Upload {
  const upload = bucket.uploads.get(id);
  if (upload === undefined || upload.key !== key) {
    throw new AwsError(
      'NoSuchUpload',
      404,
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    );
  }
  return upload;
}

/** Copies `length` bytes from `start` of a file onto the end of another, as a stream. */
export async function appendFile(
  source: { readonly file: string; readonly start: number; readonly length: number },
  target: string,
): Promise<string> {
  const md5 = createHash('md5');
  const output = createWriteStream(target, { flags: 'a' });
  if (source.length === 0) {
    output.end();
    return md5.digest('hex');
  }
  await pipeline(
    createReadStream(source.file, { start: source.start, end: source.start + source.length - 1 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        md5.update(chunk);
        yield chunk;
      }
    },
    output,
  );
  return md5.digest('hex');
}

/** Joins the listed parts in order; each must exist with the ETag the client names. */
export async function completeUpload(
  state: AwsState,
  bucket: Bucket,
  upload: Upload,
  body: string,
): Promise<StoredObject> {
  const numbers = textsOf(body, 'PartNumber').map(Number);
  const etags = textsOf(body, 'ETag').map((etag) => etag.replaceAll('"', ''));
  if (numbers.length === 0)
    throw new AwsError('MalformedXML', 400, 'The XML you provided was not well-formed');
  const file = state.newFile();
  const digests: Buffer[] = [];
  let size = 0;
  let previous = 0;
  for (const [at, number] of numbers.entries()) {
    if (number <= previous)
      throw new AwsError('InvalidPartOrder', 400, 'The list of parts was not in ascending order.');
    previous = number;
    const part = upload.parts.get(number);
    if (part === undefined || part.md5 !== etags[at]) {
      throw new AwsError('InvalidPart', 400, 'One or more of the specified parts could not be found.');
    }
    await appendFile({ file: part.file, start: 0, length: part.size }, file);
    digests.push(Buffer.from(part.md5, 'hex'));
    size += part.size;
  }
  bucket.uploads.delete(upload.id);
  const etag = `${md5Of(Buffer.concat(digests))}-${numbers.length}`;
  const object = { key: upload.key, file, size, etag, headers: upload.headers, crc32: undefined };
  bucket.objects.set(upload.key, object);
  return object;
}

export function listParts(bucket: Bucket, upload: Upload): Xml {
  const parts = [...upload.parts].sort(([left], [right]) => left - right);
  return xml`<ListPartsResult xmlns="${S3_NAMESPACE}"><Bucket>${bucket.name}</Bucket><Key>${upload.key}</Key><UploadId>${upload.id}</UploadId>${OWNER}<StorageClass>STANDARD</StorageClass><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated>${parts.map(
    ([number, part]) =>
      xml`<Part><PartNumber>${number}</PartNumber><LastModified>${FIXED_TIME}</LastModified><ETag>"${part.md5}"</ETag><Size>${part.size}</Size></Part>`,
  )}</ListPartsResult>`;
}

export function listUploads(bucket: Bucket): Xml {
  return xml`<ListMultipartUploadsResult xmlns="${S3_NAMESPACE}"><Bucket>${bucket.name}</Bucket><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>${[
    ...bucket.uploads.values(),
  ].map(
    (upload) =>
      xml`<Upload><Key>${upload.key}</Key><UploadId>${upload.id}</UploadId>${OWNER}<StorageClass>STANDARD</StorageClass><Initiated>${FIXED_TIME}</Initiated></Upload>`,
  )}</ListMultipartUploadsResult>`;
}
