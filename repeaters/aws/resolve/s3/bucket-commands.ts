// aws s3 ls | mb | rb | website: one bucket, or all of them.

import type { Capability, Params } from '../../../../src/protocol/messages.js';
import type { AwsContext } from '../context.js';
import { refuse } from '../refuse.js';
import { removeCapability, s3Capability } from './capability.js';
import { isS3Uri, parseS3Uri } from './uri.js';

export interface S3Command {
  operands: string[];
  /** Checked options and globals, with `command`. */
  params: Params;
  context: AwsContext;
}

/** `s3 ls [BUCKET[/PREFIX]]`; the scheme may be left out. */
export function listCommand({ operands, params, context }: S3Command): Capability[] {
  const [operand = 's3://', extra] = operands;
  if (extra !== undefined) refuse('aws s3 ls takes one operand', 'write aws s3 ls s3://BUCKET/PREFIX');
  if (operand === 's3://') return [s3Capability(context, 'list-buckets', params)];
  const { bucket, key } = parseS3Uri(operand);
  return [s3Capability(context, 'list-objects-v2', { ...params, bucket, prefix: key })];
}

function onlyBucket({ operands }: S3Command, command: string): string {
  const [operand, extra] = operands;
  if (operand === undefined || extra !== undefined || !isS3Uri(operand))
    return refuse(`aws s3 ${command} takes one bucket`, `write aws s3 ${command} s3://BUCKET`);
  const { bucket, key } = parseS3Uri(operand.endsWith('/') ? operand.slice(0, -1) : operand);
  return key === ''
    ? bucket
    : refuse(`aws s3 ${command} takes a bucket, not a key`, `write aws s3 ${command} s3://BUCKET`);
}

export function makeCommand(command: S3Command): Capability[] {
  return [
    s3Capability(command.context, 'create-bucket', { ...command.params, bucket: onlyBucket(command, 'mb') }),
  ];
}

/** `rb --force` first deletes everything in the bucket, one object after the other. */
export function removeBucketCommand(command: S3Command): Capability[] {
  const { context, params } = command;
  const bucket = onlyBucket(command, 'rb');
  const remove = s3Capability(context, 'delete-bucket', { ...params, bucket });
  if (params['force'] !== true) return [remove];
  const below: Params = { ...params, bucket, prefix: '' };
  return [
    remove,
    removeCapability(context, below, true),
    s3Capability(context, 'delete-object', below, true),
    s3Capability(context, 'list-objects-v2', below),
  ];
}

export function websiteCommand({ operands, params, context }: S3Command): Capability[] {
  const [operand, extra] = operands;
  if (operand === undefined || extra !== undefined)
    refuse('aws s3 website takes one bucket', 'write aws s3 website s3://BUCKET');
  const { bucket, key } = parseS3Uri(operand.endsWith('/') ? operand.slice(0, -1) : operand);
  if (key !== '') refuse('aws s3 website takes a bucket, not a key', 'write aws s3 website s3://BUCKET');
  return [s3Capability(context, 'put-bucket-website', { ...params, bucket })];
}
