// What the real CLI may put on the wire for one approved call. The injector compares every request with this list,
// so that a mistake in the argv grammar cannot become a privilege.

export interface WireAllowance {
  /** Service model of the installed CLI (its data directory: `s3`, `ec2`, `config`), as in the route table. */
  service: string;
  /** API operation names, as the model has them: `ListObjectsV2`. */
  operations: string[];
  /** S3 only. Absent: the operation has no bucket, or the policy did not have to know it. */
  bucket?: string;
  /** S3 only: exactly this key. */
  key?: string;
  /** S3 only: every key (and every `prefix=` of a listing) begins with this. Empty means the whole bucket. */
  prefix?: string;
}
