// The sandbox of a declared tool: the same as that of the real aws and gh, with the network its manifest says. What it
// may reach can change with its credential files, so sandboxes are made for a list of hosts.

import { tmpdir } from 'node:os';
import type { DeclaredCli } from '../../src/config/declared.js';
import { CLI_PATH } from '../sdk/find-cli.js';
import { openAwaitCall } from '../sdk/sandbox/await-call.js';
import { type CallView, CliSandbox } from '../sdk/sandbox/cli-sandbox.js';
import type { Confinement } from '../sdk/sandbox/confinement.js';
import type { CliNetwork } from '../sdk/sandbox/network.js';
import { type Opening, type SandboxMode, openingLine } from '../sdk/sandbox/opening.js';
import { BOUNDED, askInside, openingOf, refuse, requireBubblewrap } from '../sdk/sandbox/prepare-cli.js';
import { Standby } from '../sdk/sandbox/standby.js';
import { type Target, hostsIn, targetOf } from './hosts.js';
import { openPinnedNetwork } from './network.js';
import { type Place, makePlace } from './place.js';

/** What localhost is, and the roots that TLS trusts on this machine; those of Debian are links to /usr/share. */
const SETTINGS = [
  '/etc/hosts',
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted',
  '/etc/ca-certificates',
];
const TRUE = '/usr/bin/true';

export interface Enclosed {
  /** Where its calls run. */
  standby: Standby<Place>;
  /** Variables that the tool needs to reach its hosts. */
  env: Record<string, string>;
}

export interface ShutInOptions {
  tool: string;
  /** Absolute, without links. */
  program: string;
  mode: SandboxMode;
  network: DeclaredCli['network'];
  ownExits: readonly number[];
  /** Private directory of this repeater. */
  directory: string;
  log: (line: string) => void;
}

export class ShutIn {
  readonly #options: ShutInOptions;
  /** Where it is not shut in. */
  readonly #bounded: Enclosed;
  readonly #awaitCall = openAwaitCall();
  #made: { key: string; enclosed: Promise<Enclosed> } | undefined;
  #open: CliNetwork | undefined;

  constructor(options: ShutInOptions) {
    this.#options = options;
    this.#bounded = { standby: this.#standby(() => BOUNDED, undefined), env: {} };
  }

  /** Tries it before anything is asked of the tool, and tells whoever started the session when there is none. */
  async begin(files: readonly string[]): Promise<void> {
    const { tool, mode } = this.#options;
    const opening = await this.#opening(files);
    if (opening !== undefined) process.stderr.write(openingLine(tool, opening, mode));
  }

  async #opening(files: readonly string[]): Promise<Opening | undefined> {
    if (this.#options.mode === 'off') return { why: 'turret.yaml says sandbox: off', hint: 'sandbox: auto' };
    try {
      await this.#enclosed(files);
      return undefined;
    } catch (error) {
      return openingOf(error);
    }
  }

  /**
   * @param files what the credential files say now
   * @throws TurretError `repeater_unavailable` when it has to be shut in and is not
   */
  async enclosure(files: readonly string[]): Promise<Enclosed> {
    const { mode, tool } = this.#options;
    if (mode === 'off') return this.#bounded;
    try {
      return await this.#enclosed(files);
    } catch (error) {
      if (mode === 'required') refuse({ tool }, openingOf(error));
      return this.#bounded;
    }
  }

  #enclosed(files: readonly string[]): Promise<Enclosed> {
    const { network } = this.#options;
    const targets = network === 'credentials' ? files.flatMap(hostsIn) : targetsOf(network);
    const key = JSON.stringify(targets);
    if (this.#made?.key !== key) {
      // Calls in the old one lose their hosts: they are no longer the tool's.
      this.#open?.close();
      this.#forget();
      this.#made = { key, enclosed: this.#make(targets) };
    }
    return this.#made.enclosed;
  }

  async #make(targets: readonly Target[]): Promise<Enclosed> {
    const { program, network, ownExits, log } = this.#options;
    const bubblewrap = requireBubblewrap();
    const pinned = targets.length === 0 ? undefined : await openPinnedNetwork(bubblewrap, targets, log);
    this.#open = pinned?.network;
    void pinned?.network.lost.then(() => this.#forget());
    const sandbox = new CliSandbox({
      bubblewrap,
      program,
      path: CLI_PATH,
      network: network === 'open' ? 'shared' : pinned?.network,
      ownExits,
    });
    const confine = (call: CallView): Confinement =>
      sandbox.confine({ ...call, readable: [...(call.readable ?? []), ...SETTINGS] });
    const tried = askInside((call) => confine({ ...call, programs: [TRUE] }));
    await tried(TRUE, [], { cwd: tmpdir(), env: {} });
    return { standby: this.#standby(confine, this.#awaitCall), env: pinned?.env ?? {} };
  }

  #forget(): void {
    this.#made?.enclosed.then(
      ({ standby }) => standby.close(),
      () => {},
    );
    this.#made = undefined;
  }

  #standby(confine: (call: CallView) => Confinement, program: number | undefined): Standby<Place> {
    const { directory, log } = this.#options;
    return new Standby({
      program,
      makePlace: () => makePlace(directory),
      confine: ({ root }) => confine({ place: root }),
      say: log,
    });
  }
}

function targetsOf(network: DeclaredCli['network']): Target[] {
  return Array.isArray(network) ? network.map(targetOf) : [];
}
