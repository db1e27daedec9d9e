// Is what the CLI sends what was approved? Deny by default: every operation the request can be, its bucket, its key
// and the object it copies from must be in the list that came from the approved plan.

import type { WireAllowance } from '../wire-allowance.js';
import type { WireOperation } from './wire-operation.js';

/** Where an S3 request goes. `buckets` are the names an approval may have for the one bucket. */
export interface S3Target {
  buckets: string[];
  key: string | undefined;
  /** Decoded `prefix` of a listing. */
  listPrefix: string | undefined;
  /** Object that is read by a copy. */
  copySource: { bucket: string; key: string } | undefined;
}

const LISTINGS: ReadonlySet<string> = new Set([
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListMultipartUploads',
]);

/** @returns what is not approved, in words; undefined when everything is */
export function notApproved(
  operations: WireOperation[],
  allow: readonly WireAllowance[],
  s3: S3Target | undefined,
): string | undefined {
  for (const { operations: names, services } of operations) {
    const shown = `${services[0] ?? ''}:${names[0] ?? ''}`;
    const named = allow.filter(
      (allowance) =>
        services.includes(allowance.service) && names.some((name) => allowance.operations.includes(name)),
    );
    if (named.length === 0) return `${shown} is not what was approved`;
    if (!named.some((allowance) => covers(allowance, names, s3))) {
      return `${shown} is approved for another bucket or key`;
    }
  }
  const source = s3?.copySource;
  if (source) {
    const reads: WireOperation[] = [{ services: ['s3'], operations: ['GetObject'] }];
    const from = { buckets: [source.bucket], key: source.key, listPrefix: undefined, copySource: undefined };
    if (notApproved(reads, allow, from)) return 'the object that would be copied is not approved to be read';
  }
  return undefined;
}

function covers(allowance: WireAllowance, names: string[], s3: S3Target | undefined): boolean {
  const { bucket, key, prefix } = allowance;
  if (bucket !== undefined && !s3?.buckets.includes(bucket)) return false;
  if (key === undefined && prefix === undefined) return true;
  const at = s3?.key ?? (names.some((name) => LISTINGS.has(name)) ? (s3?.listPrefix ?? '') : undefined);
  if (key !== undefined) return at === key;
  if (at !== undefined) return at.startsWith(prefix ?? '');
  // A request on the bucket itself: its keys, if any, are in a body that nobody has read.
  return prefix === '';
}
