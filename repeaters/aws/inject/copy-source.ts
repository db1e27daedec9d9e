// The object an S3 copy reads: `bucket/key`, `/bucket/key` or an access point ARN with `/object/`, percent-encoded,
// with an optional version at the end.

import { TurretError } from '../../../src/errors.js';
import { decoded, single, uriEncode, type WireRequest } from './wire-request.js';

const ACCESS_POINT = /^(arn:[a-z0-9-]+:s3:[a-z0-9-]+:\d{12}:accesspoint\/[a-z0-9-]+)\/object\/(.+)$/s;

/** @throws TurretError `denied` when the header is there and cannot be read in exactly one way */
export function copySourceOf(request: WireRequest): { bucket: string; key: string } | undefined {
  const header = single(request, 'x-amz-copy-source') ?? single(request, 'x-amz-rename-source');
  if (header === undefined) return undefined;
  // A raw `?` can only begin the version: inside a key it is encoded.
  const [object = '', version, ...more] = header.split('?');
  const text = decoded(object);
  // Any other encoding (a raw `+`) would leave it to the server what the key is.
  const canonical = text?.split('/').map(uriEncode).join('/') === object;
  if (
    text === undefined ||
    !canonical ||
    more.length > 0 ||
    (version !== undefined && !/^versionId=[A-Za-z0-9._~%-]+$/.test(version))
  ) {
    throw new TurretError('denied', 'the source of the copy is not understood');
  }
  const [, arn, arnKey] = ACCESS_POINT.exec(text) ?? [];
  if (arn !== undefined && arnKey !== undefined) return { bucket: arn, key: arnKey };
  const path = text.startsWith('/') ? text.slice(1) : text;
  const slash = path.indexOf('/');
  if (slash <= 0 || slash === path.length - 1 || path.startsWith('arn:')) {
    throw new TurretError('denied', 'the source of the copy is not understood');
  }
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}
