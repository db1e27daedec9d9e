// s3://BUCKET/KEY. Bucket names by the rule of S3 itself: an ARN may stand for a bucket in the CLI, but it hides which one.

import { quote, refuse } from '../refuse.js';

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Returns the bucket name. Throws TurretError('unresolvable') for ARNs and everything else that is no bucket name. */
export function checkBucket(bucket: string): string {
  if (bucket.startsWith('arn:'))
    refuse('an ARN in place of a bucket is not resolved', 'name the bucket itself');
  return BUCKET.test(bucket) && !bucket.includes('..')
    ? bucket
    : refuse(`${quote(bucket)} is not the name of a bucket`, 'write s3://BUCKET/KEY');
}

export interface S3Place {
  bucket: string;
  key: string;
}

/** Whether the CLI would take this operand for an S3 URI: the scheme is case-sensitive. */
export const isS3Uri = (operand: string): boolean => operand.startsWith('s3://');

/** Parses `s3://bucket/key`; the key may be empty. */
export function parseS3Uri(operand: string): S3Place {
  const rest = isS3Uri(operand) ? operand.slice(5) : operand;
  const slash = rest.indexOf('/');
  const bucket = slash < 0 ? rest : rest.slice(0, slash);
  const key = slash < 0 ? '' : rest.slice(slash + 1);
  if (/[\n\t]/.test(key)) refuse('line breaks in a key cannot be typed here', 'use a key on one line');
  return { bucket: checkBucket(bucket), key };
}

export const s3Uri = ({ bucket, key }: S3Place): string =>
  key === '' ? `s3://${bucket}` : `s3://${bucket}/${key}`;

/** A prefix that means "below": empty, or ending in a slash. The CLI does the same for recursive commands. */
export const asPrefix = (key: string): string => (key === '' || key.endsWith('/') ? key : `${key}/`);
