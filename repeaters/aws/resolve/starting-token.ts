// Where a listing goes on. The CLI prints this token as base64 of a JSON object, and puts every member of the object that comes
// back into the request, over the options that were typed: a token made by hand would name another table, group or bucket.

import { refuse } from './refuse.js';

/** Every name that a paginator of botocore has for the place to go on from, and what the CLI adds of its own. */
const MEMBERS = new Set(
  (
    'ContinuationToken ExclusiveStartBackupArn ExclusiveStartKey ExclusiveStartShardId ExclusiveStartTableName KeyMarker Marker ' +
    'NextMarker NextPageToken NextToken PageToken PaginationToken PartNumberMarker StartRecordIdentifier StartRecordName ' +
    'StartRecordType StartingToken UploadIdMarker VersionIdMarker continuationToken marker nextPageToken nextToken pageToken ' +
    'position startingToken boto_truncate_amount boto_encoded_keys'
  ).split(' '),
);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Throws TurretError('unresolvable') for everything but a token as the CLI prints it. */
export function checkStartingToken(token: string): void {
  const members = BASE64.test(token) ? membersOf(Buffer.from(token, 'base64').toString('utf8')) : undefined;
  if (members === undefined || !members.every((name) => MEMBERS.has(name)))
    refuse('this is no token that the CLI has printed', 'give the NextToken of the listing before, as it is');
}

function membersOf(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value)
      : undefined;
  } catch {
    // Not JSON: not a token.
    return undefined;
  }
}
