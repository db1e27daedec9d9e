// Which requests the real CLI may send for an approved capability. Everything else that leaves it is refused by the injector.

import type { Capability, Params } from '../../../src/protocol/messages.js';
import { actionName, wordsOf } from '../resolve/names.js';
import type { AwsTables } from '../tables/types.js';
import type { WireAllowance } from '../wire-allowance.js';

export interface WireContext {
  name: string;
  tables: AwsTables;
}

// aws s3 moves objects in parts, asks for their size first, and copies tags when it copies in parts.
const READS = ['GetObject', 'HeadObject'];
const COPY_READS = [...READS, 'GetObjectTagging'];
const WRITES = [
  'PutObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
];
const COPY_WRITES = [
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'PutObjectTagging',
];
/** Services whose client asks for its endpoint before the first request. */
const DISCOVERS_ENDPOINT = ['timestream-query', 'timestream-write'];

const isText = (value: unknown): value is string => typeof value === 'string';

/** Allowances of one capability. An action without a request (cli.version) has none. */
export function wireAllowances({ action, params }: Capability, context: WireContext): WireAllowance[] {
  if (action === `${context.name}.cli.version`) return [];
  const words =
    action === `${context.name}.s3.rm`
      ? (['s3api', 'delete-object'] as const)
      : wordsOf(context.name, action);
  const operation = words === undefined ? undefined : context.tables.operation(words[0], words[1]);
  const model = words === undefined ? undefined : context.tables.service(words[0])?.model;
  if (operation === undefined || model === undefined) throw new TypeError(`no operation for ${action}`);
  if (model !== 's3') {
    const discovery = DISCOVERS_ENDPOINT.includes(model) ? ['DescribeEndpoints'] : [];
    return [{ service: model, operations: [operation.api, ...discovery] }];
  }
  return s3Allowances(operation.api, { action, params }, context);
}

function s3Allowances(
  api: string,
  { action, params }: Pick<Capability, 'action' | 'params'>,
  context: WireContext,
): WireAllowance[] {
  const allowance: WireAllowance = {
    service: 's3',
    operations: s3Operations(api, params, context, action),
    ...placeOf(params),
  };
  if (allowance.bucket === undefined) return [allowance];
  // The CLI asks where a bucket is when S3 redirects it to another region.
  return [allowance, { service: 's3', operations: ['HeadBucket'], bucket: allowance.bucket }];
}

function placeOf(params: Params): Pick<WireAllowance, 'bucket' | 'key' | 'prefix'> {
  const { bucket, key, prefix } = params;
  return {
    ...(isText(bucket) ? { bucket } : {}),
    ...(isText(key) ? { key } : {}),
    ...(isText(prefix) && !isText(key) && isText(bucket) ? { prefix } : {}),
  };
}

function s3Operations(api: string, params: Params, { name }: WireContext, action: string): string[] {
  const moves = isText(params['command']) && params['command'].startsWith('s3 ');
  if (!moves) return [api];
  const copies = [params['source'], params['target']].some(
    (place) => isText(place) && place.startsWith('s3://'),
  );
  if (action === actionName(name, 's3api', 'get-object')) return copies ? COPY_READS : READS;
  if (action === actionName(name, 's3api', 'put-object')) return copies ? COPY_WRITES : WRITES;
  return [api];
}
