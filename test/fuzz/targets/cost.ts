// Nothing an agent sends may cost more than its length. Every parser is given texts made to be slow: one piece, repeated to
// the longest that its caller lets through. Quadratic work on those takes seconds of CPU, linear work milliseconds.

import { ok } from 'node:assert/strict';
import * as fc from 'fast-check';

import { readGraphql } from '../../../repeaters/gh/graphql/document.js';
import { checkRest } from '../../../repeaters/gh/inject/check.js';
import { checkJq, checkTemplate } from '../../../repeaters/gh/resolve/programs.js';
import { parseRemotes } from '../../../repeaters/gh/resolve/remotes.js';
import { resolveGh } from '../../../repeaters/gh/resolve/resolve.js';
import { widensSearch } from '../../../repeaters/gh/resolve/search.js';
import { loadTable } from '../../../repeaters/gh/tables.js';
import { s3AddressOf } from '../../../repeaters/aws/inject/s3-address.js';
import { queryPairs } from '../../../repeaters/aws/inject/wire-request.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { escapeForeign, escapeJson } from '../../../src/audit/escape.js';
import { splitCheckpoints } from '../../../src/audit/checkpoint-read.js';
import { readLine } from '../../../src/audit/read-line.js';
import { redactText } from '../../../src/audit/redact.js';
import { parseConfigFile } from '../../../src/config/parse.js';
import { TurretError } from '../../../src/errors.js';
import { compileAction, compileGlob, compilePath, pathValueProblem } from '../../../src/policy/pattern.js';
import { FrameDecoder } from '../../../src/protocol/frames.js';
import { parseJson } from '../../../src/protocol/json.js';
import {
  ARGV_WORD_BYTES_MAX, AUDIT_LINE_BYTES_MAX, CONFIG_BYTES_MAX, CONTROL_BYTES_MAX, CREDENTIAL_FILE_BYTES_MAX, FACT_BYTES_MAX, INJECTOR_HEADER_BYTES_MAX,
  PATTERN_BYTES_MAX,
} from '../../../src/protocol/limits.js'; // prettier-ignore
import { secretShape } from '../../../src/platform/secret-shape.js';
import { agentEnvironment } from '../../../src/session/environment.js';
import { parseAwsProfiles } from '../../../src/setup/aws-profiles.js';
import { parseGhHosts } from '../../../src/setup/gh-hosts.js';
import { context, CWD } from '../../unit/aws/aws-context.js';
import { nasty } from '../arbitraries/text.js';
import type { FuzzTarget } from '../target.js';

const table = loadTable('2.23.0');
const gh = (...argv: string[]): unknown =>
  resolveGh(
    { tool: 'gh', argv, cwd: '/w', facts: { 'env.GH_REPO': 'a/b' } },
    { name: 'gh', host: 'github.com', table },
  );
const aws = (...argv: string[]): unknown => resolveAws({ tool: 'aws', argv, cwd: CWD, facts: {} }, context);
const WORD = ARGV_WORD_BYTES_MAX;
/** What a variable of an environment may hold on Linux. */
const VARIABLE_BYTES_MAX = 131_072;

/** A parser, and the longest text its caller gives it. */
const PARSERS: Record<string, [parse: (text: string) => unknown, longest: number]> = {
  json: [(text) => parseJson(Buffer.from(text)), CONTROL_BYTES_MAX],
  frames: [(text) => [...new FrameDecoder({ preface: false }).push(Buffer.from(text))], 1 << 18],
  'frames, byte by byte': [bytesOneByOne, 1 << 16],
  graphql: [(text) => readGraphql(text, {}), WORD],
  'a GraphQL document of gh': [(text) => readGraphql(text, {}), 1 << 18],
  jq: [checkJq, WORD],
  template: [checkTemplate, WORD],
  search: [widensSearch, WORD],
  remotes: [(text) => parseRemotes(text, 'github.com'), FACT_BYTES_MAX],
  'gh pr view': [(text) => gh('pr', 'view', text), WORD],
  'gh pr list -R': [(text) => gh('pr', 'list', '-R', text), WORD],
  'gh api': [(text) => gh('api', text), WORD],
  'gh api -f': [(text) => gh('api', 'user', '-f', text), WORD],
  'gh api -H': [(text) => gh('api', 'user', '-H', text), WORD],
  'gh release upload': [(text) => gh('release', 'upload', 'v1', text), WORD],
  'aws s3 cp': [(text) => aws('s3', 'cp', text, 's3://b/k'), WORD],
  'aws s3 ls': [(text) => aws('s3', 'ls', text), WORD],
  'aws sqs': [(text) => aws('sqs', 'purge-queue', '--queue-url', text), WORD],
  'aws lambda': [(text) => aws('lambda', 'invoke', '--function-name', text, '--payload', text, text), WORD],
  'aws words': [(text) => aws(...Array.from(text.slice(0, 500))), WORD],
  'rest path': [(text) => checkRest({ method: 'GET', path: text }, [{ repos: ['a/b'], routes: ['GET /repos/{repo}/**'], mutations: [], queries: [], searchScoped: true }]), INJECTOR_HEADER_BYTES_MAX],
  query: [(text) => queryPairs(text.replaceAll(/[^\x21-\x7e]/g, '')), INJECTOR_HEADER_BYTES_MAX],
  's3 path': [(text) => s3AddressOf('s3.us-east-1.amazonaws.com', `/${text.replaceAll(/[^\x21-\x7e]/g, '')}`, 'us-east-1', context.tables), INJECTOR_HEADER_BYTES_MAX],
  redact: [redactText, CONTROL_BYTES_MAX],
  escape: [(text) => [escapeForeign(text), escapeJson(text)], AUDIT_LINE_BYTES_MAX],
  'audit line': [(text) => readLine(Buffer.from(text)), AUDIT_LINE_BYTES_MAX],
  checkpoints: [splitCheckpoints, 1 << 18],
  yaml: [(text) => parseConfigFile(Buffer.from(text), 'f', 'project'), CONFIG_BYTES_MAX],
  'yaml value': [(text) => parseConfigFile(Buffer.from(`version: 1\nrules:\n  - allow: ${text}`), 'f', 'project'), CONFIG_BYTES_MAX],
  'glob value': [compileGlob('*a*aa*b*a*c'), CONTROL_BYTES_MAX],
  'path value': [(text) => (pathValueProblem(text) === undefined ? compilePath('**/a*a/**/*b/**/c')(text) : false), CONTROL_BYTES_MAX],
  'glob pattern': [(text) => compileGlob(text)('a'.repeat(2_000)), PATTERN_BYTES_MAX],
  'action pattern': [(text) => compileAction(text)('a.b.'.repeat(50)), PATTERN_BYTES_MAX],
  environment: [(text) => [secretShape('FOO', text), agentEnvironment({ from: { HOME: text }, pass: [], unsafe: [] })], VARIABLE_BYTES_MAX],
  'aws files': [(text) => parseAwsProfiles({ config: text, credentials: text }), CREDENTIAL_FILE_BYTES_MAX],
  'gh hosts': [parseGhHosts, CREDENTIAL_FILE_BYTES_MAX],
}; // prettier-ignore

function bytesOneByOne(text: string): void {
  const decoder = new FrameDecoder({ preface: false });
  decoder.authenticated = true;
  // One DATA frame with all of it, as slowly as a peer can.
  for (const byte of Buffer.concat([Buffer.from('011200000000000100010000', 'hex'), Buffer.from(text)])) {
    for (const _ of decoder.push(Uint8Array.of(byte)));
  }
}

const piece = fc.oneof(
  nasty,
  fc
    .array(
      fc.constantFrom(
        ...['eyJ', '-', '.', 'a', '/', '\\', '"', "'", '`', '{', '{{', '}', '(', '[', ' ', '\t', '\n', ':', '://', '@', '=', '&', '%41', '%', '#', '?'],
        ...['*', '**', 'a*', 'password', 'token', 'authorization:', 'x-amz-', 'AKIA', 'sk-', '-----BEGIN ', ' PRIVATE KEY-----', '‹redacted:', '› ', 'é', '\ud800'],
        ...['repo:', 'OR', 'env', '\\(', '/*', '*/', '...', 'a:', '- ', '? ', '! ', '&a', '|', '>', ',', '[profile ', ']', '\r\n', '0', '\u202e', 'e\u0301'],
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join('')),
); // prettier-ignore

/** Linear work with room: the YAML parser takes 4 ms for a KiB. */
const cpuMsMax = (bytes: number): number => 400 + bytes / 50;

function cpuMs(run: () => void): number {
  const started = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

const cut = (text: string, bytes: number): string => Buffer.from(text).subarray(0, bytes).toString();

export const COST: FuzzTarget[] = [
  {
    name: 'cost/pumped',
    claim:
      'no parser takes more CPU than the length of a text is worth, for the longest text it is given, made of whatever pieces',
    cases: 120,
    property: fc.property(fc.constantFrom(...Object.keys(PARSERS)), nasty, piece, nasty, (name, before, repeated, after) => {
      const [parse, longest] = PARSERS[name] ?? [() => 0, 0];
      fc.pre(repeated !== '');
      const middle = repeated.repeat(Math.ceil(longest / repeated.length));
      const text = cut(before + middle, longest - Buffer.byteLength(after)) + after;
      const attempt = (): number =>
        cpuMs(() => {
          try {
            parse(text);
          } catch (error) {
            if (!(error instanceof TurretError)) throw error;
          }
        });
      // Three times, for a machine that has other things to do.
      const max = cpuMsMax(longest);
      ok(attempt() < max || attempt() < max || attempt() < max, `${name} is slow`);
    }), // prettier-ignore
  },
];
