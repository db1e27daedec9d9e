// The same command with nothing around it: the real tools, the real key in their environment, the rights of the user.

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';

import { CANARY_KEY, CANARY_TOKEN } from '../helpers/canary.js';
import { credentialVariables } from '../helpers/turret.js';
import type { AttackCase } from './case.js';
import type { Said } from './guarded.js';
import { hostileFiles } from './hostile-files.js';
import { HOME, SYSTEM_CERTIFICATES, USER_ID } from './layout.js';
import { startUpstream, type Upstream } from './upstream.js';
import { giveTo, placeFiles } from './user-home.js';

export interface BareWorld {
  readonly upstream: Upstream;
  /** @param direct the tools find AWS and GitHub by themselves, and do not, for there is no network */
  run(one: AttackCase, options: { readonly direct: boolean }): Promise<Said>;
  close(): Promise<void>;
}

const PLACE = '/tmp/control';

/** @param cli the aws that is called `aws` */
export async function startBare({ cli, asUser }: { cli: string; asUser: boolean }): Promise<BareWorld> {
  const [bin, config, work] = ['bin', 'config', 'work'].map((name) => path.join(PLACE, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [bin, path.join(PLACE, 'direct'), config, work])
    mkdirSync(directory, { recursive: true });
  const socket = path.join(PLACE, 'github.sock');
  const upstream = await startUpstream(socket);
  chmodSync(socket, 0o777);
  writeFileSync(path.join(bin, 'aws'), `#!/bin/sh\nexec ${cli} --endpoint-url ${upstream.aws.url} "$@"\n`, {
    mode: 0o755,
  });
  symlinkSync(cli, path.join(PLACE, 'direct/aws'));
  writeFileSync(path.join(config, 'config.yml'), `http_unix_socket: ${socket}\n`);
  if (asUser) giveTo(USER_ID, PLACE);
  return {
    upstream,
    run: (one, { direct }) =>
      runBare(one, {
        bin: direct ? path.join(PLACE, 'direct') : bin,
        config: direct ? undefined : config,
        work,
        asUser,
      }),
    async close() {
      await upstream.close();
    },
  };
}

interface Where {
  readonly bin: string;
  readonly config: string | undefined;
  readonly work: string;
  readonly asUser: boolean;
}

async function runBare(one: AttackCase, { bin, config, work, asUser }: Where): Promise<Said> {
  const directory = path.join(work, one.id);
  mkdirSync(directory, { recursive: true });
  placeFiles(directory, { ...hostileFiles(directory), ...one.files });
  if (asUser) giveTo(USER_ID, directory);
  const words = one.tool === 'os' ? one.argv : [one.tool, ...one.argv];
  const child = spawn('/usr/bin/timeout', ['-k', '1', '60', ...words], {
    cwd: directory,
    env: {
      HOME,
      PATH: `${bin}:/usr/bin:/bin`,
      TERM: 'xterm',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
      AWS_CA_BUNDLE: SYSTEM_CERTIFICATES,
      ...(config === undefined ? {} : { GH_CONFIG_DIR: config }),
      GH_NO_UPDATE_NOTIFIER: '1',
      ...credentialVariables(CANARY_KEY, CANARY_TOKEN.token),
      ...one.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(asUser ? { uid: USER_ID, gid: USER_ID } : {}),
  });
  child.stdin.on('error', () => {
    // It may end without reading: EPIPE here is its right.
  });
  child.stdin.end(one.stdin ?? '');
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), closed]);
  return { code, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}
