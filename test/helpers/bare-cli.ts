// The real CLIs as a user would run them, with nothing of Turret around them and an environment made from nothing.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FAKE_AWS_KEY, startFakeAws, type AwsKey, type FakeAws } from '../fakes/aws.js';
import { FAKE_GITHUB_TOKEN, startFakeGithub, type FakeGithub } from '../fakes/github.js';
import { V2 } from './installed-aws.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in `cwd` with PATH, HOME (the same) and `env`, nothing else. */
export function run(
  file: string,
  argv: readonly string[],
  options: { cwd: string; env: Record<string, string>; stdin?: string },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/bin:/bin', HOME: options.cwd, ...options.env };
    const child = spawn(file, argv, { cwd: options.cwd, env });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.on('error', () => {
      // The program may end without reading: EPIPE here is its right.
    });
    child.stdin.end(options.stdin ?? '');
  });
}

/** Both fakes, and the bare CLIs pointed at them. */
export interface BareWorld {
  readonly aws: FakeAws;
  readonly github: FakeGithub;
  readonly home: string;
  runAws(argv: readonly string[], options?: { cli?: string; key?: AwsKey; stdin?: string }): Promise<Ran>;
  runGh(argv: readonly string[], token?: string, stdin?: string): Promise<Ran>;
  reset(): void;
  close(): Promise<void>;
}

export async function startBareWorld(keys: readonly AwsKey[]): Promise<BareWorld> {
  const home = mkdtempSync(path.join(tmpdir(), 'fakes-'));
  const socket = path.join(home, 'gh.sock');
  mkdirSync(path.join(home, 'gh'));
  writeFileSync(path.join(home, 'gh', 'config.yml'), `http_unix_socket: ${socket}\nprompt: disabled\n`);
  writeFileSync(path.join(home, 'note.md'), 'a note\n');
  const aws = await startFakeAws({ keys });
  const github = await startFakeGithub({ socket });
  return {
    aws,
    github,
    home,
    runAws(argv, options = {}) {
      const key = options.key ?? FAKE_AWS_KEY;
      const env = {
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
        ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '1',
        AWS_PAGER: '',
      };
      const stdin = options.stdin ?? '';
      return run(options.cli ?? V2, ['--endpoint-url', aws.url, ...argv], { cwd: home, env, stdin });
    },
    runGh(argv, token = FAKE_GITHUB_TOKEN.token, stdin = '') {
      const env = { GH_CONFIG_DIR: path.join(home, 'gh'), GH_TOKEN: token, GH_NO_UPDATE_NOTIFIER: '1' };
      return run('/usr/bin/gh', argv, { cwd: home, env, stdin });
    },
    reset() {
      aws.reset();
      github.reset();
      aws.faults.length = 0;
      aws.requests.length = 0;
      github.requests.length = 0;
    },
    async close() {
      await Promise.all([aws.close(), github.close()]);
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** One raw request that a CLI would never send. */
export function sendRaw(options: {
  url: string;
  path: string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      options.url + options.path,
      { method: options.method ?? 'GET', headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? null,
            stdout: Buffer.concat(chunks).toString(),
            stderr: '',
          }),
        );
      },
    );
    call.once('error', reject);
    call.end(options.body);
  });
}
