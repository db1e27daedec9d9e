// Credentials whose only purpose is to be recognised wherever they turn up.

import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { spellings } from '../../src/protocol/spellings.js';
import type { AwsKey } from '../fakes/aws.js';
import type { GithubToken } from '../fakes/github.js';

/** With characters that encodings change, so that an encoded copy is another text and has to be looked for. */
export const CANARY_KEY = {
  accessKeyId: 'ASIACANARYCANARY0001',
  secretAccessKey: 'canarySECRET/+canarySECRET/+canarySECRE1',
  sessionToken: 'canarySESSION/+==canarySESSION/+==canarySESSION/+==canarySESSION/1==',
} as const satisfies AwsKey;
export const CANARY_TOKEN: GithubToken = {
  token: 'ghp_canaryTOKENcanaryTOKENcanaryTOKEN0001',
  scopes: ['repo', 'read:org', 'gist', 'workflow'],
};

export const AWS_CANARIES = [CANARY_KEY.secretAccessKey, CANARY_KEY.sessionToken];
export const CANARIES = [...AWS_CANARIES, CANARY_TOKEN.token];

const SPELLINGS = new Map(
  CANARIES.map((canary) => [canary, spellings(canary).map((form) => form.toString('latin1'))]),
);

/** The canaries that are in the text, in any spelling. */
export function canariesIn(text: string | Uint8Array): string[] {
  const latin1 = typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
  return CANARIES.filter((canary) => SPELLINGS.get(canary)?.some((spelling) => latin1.includes(spelling)));
}

/** Every file below the directory that has a canary in its content or its name, relative to it. */
export function filesWithCanaries(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => canariesIn(contentOf(file)).length > 0 || canariesIn(file).length > 0)
    .map((file) => path.relative(directory, file))
    .sort();
}

function contentOf(file: string): string {
  try {
    return lstatSync(file).isFile() ? readFileSync(file, 'latin1') : '';
  } catch {
    // A file of a call that has just ended.
    return '';
  }
}
