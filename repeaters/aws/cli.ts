// Which `aws` is the real one, and its zygote.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLI_PATH, type CliSearch } from '../sdk/find-cli.js';
import type { SandboxMode } from '../sdk/sandbox/opening.js';
import { type ConfinedKind, type PreparedCli, prepareCli } from '../sdk/sandbox/prepare-cli.js';
import type { CliSandbox } from '../sdk/sandbox/cli-sandbox.js';
import { pythonOf } from '../sdk/sandbox/program-files.js';
import { WarmCli } from '../sdk/zygote/warm-cli.js';
import { installed } from '../../src/installation.js';
import { childEnvironment, makePlace } from './child-environment.js';

/** It ends with this code when it is interrupted while it works. */
const INTERRUPTED = 130;

const ZYGOTE = installed('repeaters/sdk/zygote/zygote.py');
const WARM = installed('repeaters/aws/warm.py');

export interface PreparedAws extends PreparedCli {
  /** Absent when each call starts the CLI itself, for the reason in `cold`. */
  warm?: WarmCli;
  cold?: string;
}

export interface AwsSearch extends CliSearch {
  /** HOME of the user. */
  home: string | undefined;
  sandbox: SandboxMode;
  /** Where its calls have their places, and what they read besides; absent: without a zygote. */
  zygote?: ZygotePlaces | undefined;
}

export interface ZygotePlaces {
  /** Private, without links in its path. */
  calls: string;
  readable: readonly string[];
  /** Gets a line when the zygote is not as it should be. */
  say: (line: string) => void;
}

/**
 * The real aws: configured, on PATH, or where pyenv keeps what its shims lead to.
 * @throws TurretError `repeater_unavailable`
 */
export async function prepareAws({ home, sandbox, zygote, ...search }: AwsSearch): Promise<PreparedAws> {
  const managed = home === undefined ? undefined : join(home, '.pyenv', 'versions');
  const installations = managed === undefined ? [] : await readdir(managed).catch(() => []); // Most people have no pyenv.
  const newestFirst = installations
    .sort()
    .toReversed()
    .map((version) => join(managed ?? '', version, 'bin'));
  const kind: ConfinedKind = {
    tool: 'aws',
    product: 'the AWS CLI',
    more: ['/usr/local/bin', '/usr/bin', ...newestFirst],
    version: /aws-cli\/(\d+\.\d+\.\d+)/,
    env: { AWS_CONFIG_FILE: '/dev/null' },
    injector: 'tcp',
    ownExits: [INTERRUPTED],
  };
  if (zygote === undefined) return { ...(await prepareCli(kind, search, sandbox)), cold: 'zygote: off' };
  let warming: { warm: WarmCli } | { cold: string } = { cold: 'the CLI is not shut in' };
  // It imports the CLI while the CLI is asked for its version, which takes as long.
  const cli = await prepareCli(kind, search, sandbox, (shutIn, program) => {
    warming = startWarm(shutIn, program, zygote);
  });
  return { ...cli, ...settled(warming, cli) };
}

function startWarm(
  sandbox: CliSandbox,
  entry: string,
  { calls, readable, say }: ZygotePlaces,
): { warm: WarmCli } | { cold: string } {
  const python = pythonOf(entry, CLI_PATH);
  if (python === undefined) return { cold: 'this aws brings an interpreter of its own' };
  const confinement = sandbox.confineForks({ calls, readable: [...readable, ZYGOTE, WARM] });
  if (confinement === undefined) return { cold: 'no system call filter is known for this machine' };
  const env = childEnvironment(`${calls}/call`);
  const program = { script: ZYGOTE, python, entry, warm: WARM, env };
  return { warm: new WarmCli({ confinement, ...program, calls, makePlace, say }) };
}

function settled(
  warming: { warm: WarmCli } | { cold: string },
  { open, version }: PreparedCli,
): { warm: WarmCli } | { cold: string } {
  if ('cold' in warming) return warming;
  const { warm } = warming;
  warm.version = version;
  if (open === undefined) return warming;
  warm.close();
  return { cold: 'the CLI is not shut in' };
}
