// The real CLI of a repeater: found, asked for its version, and shut in if this machine can. Whether it can is found out
// by doing: the version is asked for inside the sandbox the calls will run in.

import { realpath } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TurretError } from '../../../src/errors.js';
import { explain, findBubblewrap } from '../../../src/isolation/probe.js';
import { CLI_ANSWER_MS_MAX } from '../../../src/protocol/limits.js';
import { runCli } from '../cli-process.js';
import {
  type Ask,
  CLI_PATH,
  type CliKind,
  type CliSearch,
  type InstalledCli,
  type Versions,
  locateCli,
  versionOf,
} from '../find-cli.js';
import { type CallView, CliSandbox } from './cli-sandbox.js';
import { type Confinement, UNCONFINED } from './confinement.js';
import { type CliNetwork, openCliNetwork } from './network.js';
import { type Opening, SANDBOX_MODES, type SandboxMode } from './opening.js';
import { resourceWords } from './resources.js';

export interface ConfinedKind extends CliKind {
  /** How it reaches its injector: by a Unix socket in the call's place, or a port of a network of its own. */
  injector: 'unix' | 'tcp';
  /** Exit codes above 128 that it ends with by itself. */
  ownExits: readonly number[];
}

export interface PreparedCli extends InstalledCli {
  /** Absent when it is shut in. */
  open?: Opening;
  /** Where the injector listens; absent unless it is shut in with a network. */
  network?: CliNetwork;
  /** @throws TurretError `repeater_unavailable` when it has to be shut in and is not */
  confine(call: CallView): Confinement;
}

/** What may be done with the sandbox before it is known whether it works. */
type Early = (sandbox: CliSandbox, program: string) => void;

/** @throws TurretError `repeater_unavailable` when there is no such program, or it does not say its version */
export async function prepareCli(
  kind: ConfinedKind,
  search: CliSearch,
  mode: SandboxMode,
  early: Early = () => {},
): Promise<PreparedCli> {
  const path = await locateCli(kind, search);
  if (mode === 'off')
    return openCli(kind, path, { why: 'turret.yaml says sandbox: off', hint: 'sandbox: auto' });
  try {
    return await shutIn(kind, path, early);
  } catch (error) {
    const opening = openingOf(error);
    const open = await openCli(kind, path, opening);
    return mode === 'auto' ? open : { ...open, confine: () => refuse(kind, opening) };
  }
}

async function shutIn(kind: ConfinedKind, path: string, early: Early): Promise<PreparedCli> {
  const bubblewrap = requireBubblewrap();
  const program = await realpath(path);
  const network = kind.injector === 'tcp' ? await openCliNetwork(bubblewrap) : undefined;
  try {
    const { ownExits } = kind;
    const sandbox = new CliSandbox({ bubblewrap, program, path: CLI_PATH, network, ownExits });
    early(sandbox, program);
    const confine = (call: CallView): Confinement => sandbox.confine(call);
    const [version] = await Promise.all([
      versionOf(kind, program, { ask: askInside(confine), versions: confinedVersions }),
      network?.door,
    ]);
    return { path: program, version, confine, ...(network === undefined ? {} : { network }) };
  } catch (error) {
    network?.close();
    throw error;
  }
}

/** Its absolute path. @throws TurretError `isolation_unavailable` */
export function requireBubblewrap(): string {
  const bubblewrap = findBubblewrap();
  if (bubblewrap === undefined)
    throw new TurretError('isolation_unavailable', 'bubblewrap is not installed', {
      hints: ["apt-get install bubblewrap (or your distribution's package)"],
    });
  return bubblewrap;
}

const confinedVersions: Versions = new Map();

export function askInside(confine: PreparedCli['confine']): Ask {
  return async (path, argv, { cwd, env }) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    const signal = AbortSignal.timeout(CLI_ANSWER_MS_MAX);
    const streams = { needs: { stdin: false, files: [] }, signal, stdin: Readable.from([]), stdout, stderr };
    const { exit } = await runCli(
      { ...streams, onSignal: () => {} },
      { path, argv, cwd, env, confinement: confine({ place: cwd }) },
    ).finally(() => [stdout, stderr].forEach((stream) => stream.end()));
    const [out, err] = await said;
    if (exit === 0) return out + err;
    const { message, hint } = explain(err);
    throw new TurretError('isolation_unavailable', message, { hints: [hint] });
  };
}

/** What is left without a sandbox: the kernel's bounds, no new privileges, and the end of the repeater. */
export const BOUNDED: Confinement = {
  words: (fd) => [...UNCONFINED.words(fd), ...resourceWords({ counted: false })],
};

async function openCli(kind: ConfinedKind, path: string, open: Opening): Promise<PreparedCli> {
  return { path, version: await versionOf(kind, path), open, confine: () => BOUNDED };
}

export function openingOf(error: unknown): Opening {
  const cause = error instanceof TurretError && error.cause instanceof TurretError ? error.cause : error;
  const hint = cause instanceof TurretError ? cause.hints[0] : undefined;
  const why = cause instanceof Error ? cause.message : String(cause);
  return { why, hint: hint ?? 'turret doctor says more' };
}

export function refuse({ tool }: Pick<ConfinedKind, 'tool'>, { why, hint }: Opening): never {
  throw new TurretError(
    'repeater_unavailable',
    `sandbox: required, and ${tool} cannot be shut in on this machine: ${why}`,
    { hints: [hint] },
  );
}

/** `sandbox:` of a repeater. @throws TurretError `config_invalid` */
export function sandboxMode(value: string | undefined): SandboxMode {
  const mode = SANDBOX_MODES.find((known) => known === (value ?? 'auto'));
  if (mode !== undefined) return mode;
  throw new TurretError('config_invalid', 'sandbox: has to be auto, required or off');
}
