import { AwsError } from './errors.js';
import { FIXED_TIME, type Bucket, type StoredObject } from './state.js';
import { queryValue, type WireRequest } from './wire.js';
import { xml, Xml } from './xml.js';

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const OWNER = xml`<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID><DisplayName>acme</DisplayName></Owner>`;

/** S3 sorts keys by their UTF-8 bytes, not by UTF-16 units. */
const byBytes = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));

interface Page {
  readonly entries: readonly ({ readonly object: StoredObject } | { readonly prefix: string })[];
  /** The last name on this page when there are more. */
  readonly next: string | undefined;
}

function page(bucket: Bucket, wish: { prefix: string; delimiter: string; after: string; max: number }): Page {
  const entries: ({ object: StoredObject } | { prefix: string })[] = [];
  let last = wish.after;
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(wish.prefix)).sort(byBytes);
  for (const key of keys) {
    const cut = wish.delimiter === '' ? -1 : key.indexOf(wish.delimiter, wish.prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + wish.delimiter.length);
    if (byBytes(name, last) <= 0 && last !== '') continue;
    if (entries.length === wish.max) return { entries, next: last };
    const object = bucket.objects.get(key);
    if (cut >= 0) entries.push({ prefix: name });
    else if (object !== undefined) entries.push({ object });
    last = name;
  }
  return { entries, next: undefined };
}

const encodeToken = (key: string): string => Buffer.from(key).toString('base64');

const optional = (tag: string, text: string): Xml | undefined =>
  text === '' ? undefined : new Xml(`<${tag}>${xml`${text}`.text}</${tag}>`);

/** ListObjects and ListObjectsV2: prefix, delimiter, pages, encoding-type=url. Source: S3 API reference. */
export function listObjects(bucket: Bucket, wire: WireRequest, version: 1 | 2): Xml {
  const value = (name: string): string => queryValue(wire, name) ?? '';
  const encode = (text: string): string =>
    value('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
  const token = value('continuation-token');
  const max = Math.min(Number(queryValue(wire, 'max-keys') ?? '1000'), 1000);
  if (!Number.isInteger(max) || max < 0) {
    throw new AwsError('InvalidArgument', 400, 'Provided max-keys not an integer or within integer range');
  }
  const after =
    version === 1
      ? value('marker')
      : token === ''
        ? value('start-after')
        : Buffer.from(token, 'base64').toString();
  const found = page(bucket, { prefix: value('prefix'), delimiter: value('delimiter'), after, max });
  const contents = found.entries.map((entry) =>
    'object' in entry
      ? xml`<Contents><Key>${encode(entry.object.key)}</Key><LastModified>${FIXED_TIME}</LastModified><ETag>"${entry.object.etag}"</ETag><Size>${entry.object.size}</Size>${version === 1 || value('fetch-owner') === 'true' ? OWNER : undefined}<StorageClass>STANDARD</StorageClass></Contents>`
      : undefined,
  );
  const prefixes = found.entries.map((entry) =>
    'prefix' in entry
      ? xml`<CommonPrefixes><Prefix>${encode(entry.prefix)}</Prefix></CommonPrefixes>`
      : undefined,
  );
  const position =
    version === 2
      ? xml`<KeyCount>${found.entries.length}</KeyCount>${optional('ContinuationToken', token)}${optional('NextContinuationToken', found.next === undefined ? '' : encodeToken(found.next))}${optional('StartAfter', encode(value('start-after')))}`
      : xml`<Marker>${encode(value('marker'))}</Marker>${optional('NextMarker', found.next !== undefined && value('delimiter') !== '' ? encode(found.next) : '')}`;
  return xml`<ListBucketResult xmlns="${S3_NAMESPACE}"><Name>${bucket.name}</Name><Prefix>${encode(value('prefix'))}</Prefix>${position}<MaxKeys>${max}</MaxKeys>${optional('Delimiter', encode(value('delimiter')))}${optional('EncodingType', value('encoding-type'))}<IsTruncated>${found.next !== undefined}</IsTruncated>${contents}${prefixes}</ListBucketResult>`;
}

/** ListBuckets, with the paging of newer CLIs. */
export function listBuckets(buckets: ReadonlyMap<string, Bucket>, wire: WireRequest): Xml {
  const prefix = queryValue(wire, 'prefix') ?? '';
  const after = Buffer.from(queryValue(wire, 'continuation-token') ?? '', 'base64').toString();
  const max = Number(queryValue(wire, 'max-buckets') ?? '10000');
  const names = [...buckets.keys()].filter((name) => name.startsWith(prefix) && name > after).sort(byBytes);
  const shown = names.slice(0, max);
  const items = shown.map(
    (name) => xml`<Bucket><Name>${name}</Name><CreationDate>${FIXED_TIME}</CreationDate></Bucket>`,
  );
  const more =
    names.length > shown.length
      ? xml`<ContinuationToken>${encodeToken(shown.at(-1) ?? '')}</ContinuationToken>`
      : undefined;
  return xml`<ListAllMyBucketsResult xmlns="${S3_NAMESPACE}">${OWNER}<Buckets>${items}</Buckets>${more}</ListAllMyBucketsResult>`;
}
