import { decodeUri, queryValue, type WireRequest } from './wire.js';

/** Which bucket and key a request names, from host or path. Empty strings where it names none. */
export interface S3Address {
  readonly bucket: string;
  readonly key: string;
}

const S3_HOST =
  /^(?:(?<bucket>.+)\.)?s3(?:-fips)?(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$/;

export function isS3Host(host: string): boolean {
  return S3_HOST.test(host.replace(/:\d+$/, ''));
}

export function readAddress(wire: WireRequest): S3Address {
  const virtual = S3_HOST.exec(wire.host.replace(/:\d+$/, ''))?.groups?.['bucket'];
  const path = wire.path.slice(1);
  if (virtual !== undefined) return { bucket: virtual, key: decodeUri(path) };
  const slash = path.indexOf('/');
  return slash < 0
    ? { bucket: decodeUri(path), key: '' }
    : { bucket: decodeUri(path.slice(0, slash)), key: decodeUri(path.slice(slash + 1)) };
}

// Query members that turn a request into another operation; one that is not served must not fall through to a plain GET.
const MARKERS =
  'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging metrics notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock replication requestPayment restore retention select session tagging torrent uploadId uploads versionId versioning versions website'.split(
    ' ',
  );

const BUCKET_OPERATIONS: Readonly<Record<string, string>> = {
  'GET ': 'ListObjects',
  'HEAD ': 'HeadBucket',
  'PUT ': 'CreateBucket',
  'DELETE ': 'DeleteBucket',
  'GET location': 'GetBucketLocation',
  'GET uploads': 'ListMultipartUploads',
  'POST delete': 'DeleteObjects',
};

const OBJECT_OPERATIONS: Readonly<Record<string, string>> = {
  'GET ': 'GetObject',
  'HEAD ': 'HeadObject',
  'PUT ': 'PutObject',
  'DELETE ': 'DeleteObject',
  'GET tagging': 'GetObjectTagging',
  'GET partNumber': 'GetObject',
  'HEAD partNumber': 'HeadObject',
  'POST uploads': 'CreateMultipartUpload',
  'PUT partNumber+uploadId': 'UploadPart',
  'GET uploadId': 'ListParts',
  'POST uploadId': 'CompleteMultipartUpload',
  'DELETE uploadId': 'AbortMultipartUpload',
};

/** Operation name in S3's own vocabulary, or undefined when this fake does not serve it. */
export function s3Operation(wire: WireRequest, address: S3Address): string | undefined {
  const markers = MARKERS.filter((marker) => wire.query.has(marker)).sort();
  const route = `${wire.method} ${markers.join('+')}`;
  if (address.bucket === '') return route === 'GET ' ? 'ListBuckets' : undefined;
  if (address.key === '') {
    const operation = BUCKET_OPERATIONS[route];
    return operation === 'ListObjects' && queryValue(wire, 'list-type') === '2' ? 'ListObjectsV2' : operation;
  }
  const operation = OBJECT_OPERATIONS[route];
  if (wire.headers['x-amz-copy-source'] === undefined) return operation;
  return { PutObject: 'CopyObject', UploadPart: 'UploadPartCopy' }[operation ?? ''];
}
