import { appendFileSync } from 'node:fs';

/**
 * One request a fake has answered, for assertions. Holds what identifies the caller (`credential`: an access key id,
 * or the first 12 hex digits of a token's SHA-256) and never a secret, signature or token itself.
 */
export interface RecordedRequest {
  readonly fake: 'aws' | 'github';
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** `s3.ListBuckets`, `graphql.query.PullRequestList`, `rest.GET`, or '' when it was refused before that was known. */
  readonly operation: string;
  readonly region: string;
  readonly credential: string | null;
  /** True only when the credential was known and proved (signature and body hash, or token equality). */
  readonly verified: boolean;
  readonly status: number;
  readonly error: string | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Where the requests go: the returned list and, when a file is named, one JSON line each. */
export function createRecorder(logFile: string | undefined): {
  readonly requests: RecordedRequest[];
  record(request: RecordedRequest): void;
} {
  const requests: RecordedRequest[] = [];
  return {
    requests,
    record(request) {
      requests.push(request);
      if (logFile !== undefined) appendFileSync(logFile, `${JSON.stringify(request)}\n`);
    },
  };
}
