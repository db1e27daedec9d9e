// `s3api copy-object` reads one object and writes another. The source is a param of the write on the wire, but it is a read
// of its own for policy: without this, a writer of one bucket could read every other. The CLI encodes the value before it sends it
// (botocore's copy source handler), so the key is what was typed, percent signs and all.

import type { Capability } from '../../../src/protocol/messages.js';
import { annotationsOf } from './annotations.js';
import type { AwsContext } from './context.js';
import { actionName } from './names.js';
import { refuse } from './refuse.js';
import { checkBucket } from './s3/uri.js';

/** The read that a copy implies; empty for everything that is not a copy. */
export function copySource({ action, params }: Capability, context: AwsContext): Capability[] {
  const copies = ['copy-object', 'upload-part-copy'].some(
    (operation) => action === actionName(context.name, 's3api', operation),
  );
  const source = params['copy_source'];
  if (!copies || source === undefined) return [];
  const read = context.tables.operation('s3api', 'get-object');
  const match =
    typeof source === 'string' ? /^\/?([^/?]+)\/(.+?)(?:\?versionId=[\w.~%-]+)?$/.exec(source) : null;
  if (match === null || read === undefined)
    return refuse('--copy-source is not BUCKET/KEY', 'write it as BUCKET/KEY, without an access point');
  const region = params['region'];
  return [
    {
      action: actionName(context.name, 's3api', 'get-object'),
      params: {
        bucket: checkBucket(match[1]!),
        key: match[2]!,
        ...(region === undefined ? {} : { region }),
      },
      annotations: annotationsOf(read),
    },
  ];
}
