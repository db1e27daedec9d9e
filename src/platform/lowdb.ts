// The one door to lowdb: small state that is one object in one file, with one writer.

export { LowSync, type SyncAdapter } from 'lowdb';
export { JSONFileSync } from 'lowdb/node';
