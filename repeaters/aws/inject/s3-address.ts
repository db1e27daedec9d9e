// Bucket and key of an S3 request. The form of the host decides what the path means: with a missed virtual host,
// ListObjects would be read as ListBuckets. So every form that is not written here is refused.

import { TurretError } from '../../../src/errors.js';
import { basesFor, type WireTables } from './hosts.js';
import { decoded, uriEncode } from './wire-request.js';

export interface S3Address {
  /** Every name an approval may have for the bucket: its name, or both spellings of an access point's ARN. None: no bucket. */
  buckets: string[];
  /** Decoded. */
  key: string | undefined;
  /** The request's path in path style, as the route table has it: `/`, `/bucket`, `/bucket/key`. */
  path: string;
  /** No bucket is in the host. */
  pathStyle: boolean;
  accessPoint: boolean;
}

const BUCKET_LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
/** Path style may also have the dots and the letters of buckets from before 2018. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
const ACCESS_POINT = /^([a-z0-9][a-z0-9-]{1,48}[a-z0-9])-(\d{12})$/;

/** Is this one of the hosts of S3 itself (not of S3 Control)? */
function isS3Base(base: string): boolean {
  return /^s3(?:-fips)?(?:\.dualstack)?\./.test(base);
}

/**
 * @returns undefined when the host is not one of the S3 data plane
 * @throws TurretError `denied` for a form of host or path that is not understood
 */
export function s3AddressOf(
  host: string,
  path: string,
  region: string,
  tables: WireTables,
): S3Address | undefined {
  const bases = basesFor({ service: 's3', region }, tables)
    .map(({ base }) => base)
    .filter(isS3Base);
  if (bases.includes(host)) return pathStyle(path);
  const base = bases.find((base) => host.endsWith(`.${base}`));
  if (base !== undefined) {
    const bucket = host.slice(0, -base.length - 1);
    if (!BUCKET_LABEL.test(bucket)) throw new TurretError('denied', `${host} is not a host of one bucket`);
    return virtualHost(bucket, [bucket], path);
  }
  for (const [suffix, partition] of [
    [`.s3-accesspoint.${region}.amazonaws.com`, region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'],
    [`.s3-accesspoint.${region}.amazonaws.com.cn`, 'aws-cn'],
  ] as const) {
    const match = host.endsWith(suffix) ? ACCESS_POINT.exec(host.slice(0, -suffix.length)) : null;
    if (!match) continue;
    const [label, name = '', account = ''] = match;
    const arn = `arn:${partition}:s3:${region}:${account}:accesspoint`;
    return { ...virtualHost(label, [`${arn}/${name}`, `${arn}:${name}`], path), accessPoint: true };
  }
  return undefined;
}

function pathStyle(path: string): S3Address {
  if (path === '/') return { buckets: [], key: undefined, path, pathStyle: true, accessPoint: false };
  const end = path.indexOf('/', 1);
  const bucket = path.slice(1, end < 0 ? undefined : end);
  if (!BUCKET_NAME.test(bucket))
    throw new TurretError('denied', 'the path does not begin with the name of a bucket');
  const rest = end < 0 ? '' : path.slice(end + 1);
  return { ...withKey(bucket, rest), buckets: [bucket], pathStyle: true, accessPoint: false };
}

function virtualHost(label: string, buckets: string[], path: string): S3Address {
  return { ...withKey(label, path.slice(1)), buckets, pathStyle: false, accessPoint: false };
}

function withKey(bucket: string, rest: string): { key: string | undefined; path: string } {
  if (rest === '') return { key: undefined, path: `/${bucket}` };
  const key = decoded(rest);
  // Two encodings of one key would be two keys for the approval and one for S3.
  if (key === undefined || key.split('/').map(uriEncode).join('/') !== rest) {
    throw new TurretError('denied', 'the key is not encoded as a signed request has to be');
  }
  return { key, path: `/${bucket}/${rest}` };
}
