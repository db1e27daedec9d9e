import type { GithubReply, GithubRequest } from './reply.js';
import type { GithubStore, RepoRecord } from './store.js';

/** A route below /repos/OWNER/NAME; the first that matches answers. */
export type RepoRoute = readonly [
  method: string,
  path: RegExp,
  answer: (call: {
    readonly repo: RepoRecord;
    readonly request: GithubRequest;
    readonly store: GithubStore;
    readonly match: RegExpExecArray;
  }) => GithubReply,
];
