// A server, as a story: take the place, read what is remembered, start the broker, let agents in until told to stop, drain,
// end. The broker is the program of `turret run`; what differs is whom it lets in, and that their tokens outlive it.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Config } from '../config/config.js';
import { loadConfigHere } from '../config/load-here.js';
import { signingKey } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';
import { TurretError } from '../errors.js';
import { version } from '../installation.js';
import { AgentStore } from '../platform/agent-store.js';
import { claim, release } from '../platform/claim.js';
import { loadHostKey } from '../platform/host-key.js';
import { type ServePlace, leaveServePlace, servePlace, takeServePlace } from '../platform/serve-place.js';
import {
  type SessionEntry,
  closeSession,
  createSession,
  makeStateDirectory,
  stateDirectory,
} from '../platform/sessions.js';
import type { AgentChange, BrokerKey } from '../protocol/control.js';
import { CALL_MS_MAX, DRAIN_MS_MAX } from '../protocol/limits.js';
import type { JsonObject } from '../protocol/messages.js';
import { SID_BYTES, sidOf } from '../token/identity.js';
import { say, sayError } from '../ui/voice.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';
import { begin } from './begin.js';
import { BrokerProcess } from './broker-process.js';
import { mintKey } from './mint-key.js';
import { RepeaterProcesses, repeaterEntries } from './repeater-processes.js';
import { repeaterSecrets } from './repeater-secrets.js';
import { Signals } from './signals.js';
import { findGroup } from '../isolation/account.js';
import { repeaterUsers } from './unix-user.js';

export interface ServeOptions {
  configFile?: string;
  /** Where agents meet it. */
  socket?: string;
  /** Unix group that may connect; only we, and root, without it. */
  group?: string;
  quiet: boolean;
  /** The text of the vault's key file, where that came as a descriptor. */
  vaultKey?: string;
}

/** Serves until it is told to stop; resolves with the exit code. Throws TurretError when it cannot start. */
export async function serve(options: ServeOptions): Promise<number> {
  const server = new Server(options);
  try {
    return await server.run();
  } finally {
    server.cleanUp();
  }
}

class Server {
  readonly #options: ServeOptions;
  readonly #broker: BrokerProcess;
  readonly #place: ServePlace;
  readonly #stopping: Promise<'signal' | 'broker'>;
  #stop: (why: 'signal' | 'broker') => void = () => {};
  #repeaters: RepeaterProcesses | undefined;
  #store: AgentStore | undefined;
  #stateClaim: string | undefined;
  #taken = false;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#place = servePlace(options.socket, process.env, process.getuid?.() ?? 0);
    this.#stopping = new Promise((resolve) => (this.#stop = resolve));
    const hear = new Signals(() => {});
    hear.to((signal) => {
      if (signal === 'SIGHUP' || signal === 'SIGUSR2')
        say('nothing was read again: restart turret serve for a new turret.yaml; tokens stay good');
      else this.#stop('signal');
    });
    this.#broker = new BrokerProcess();
    this.#broker.attend({
      startRepeater: (name) => this.#repeaters?.start(name),
      repeaterLost: (name) => this.#repeaters?.endSoon(name),
      revoked: () => {},
      store: (id, change) => this.#save(id, change),
      died: () => this.#stop('broker'),
    });
  }

  async run(): Promise<number> {
    const config = await loadConfigHere(this.#options.configFile);
    const group = this.#group();
    const users = repeaterUsers(config, process.getuid?.());
    const secrets = await repeaterSecrets(config, {
      env: process.env,
      keyText: this.#options.vaultKey,
      agentWrites: [],
    });
    const state = stateDirectory(process.env);
    makeStateDirectory(join(state, 'serve'));
    const stateClaim = join(state, 'serve', 'claim');
    claim(stateClaim, join(state, 'serve'));
    this.#stateClaim = stateClaim;
    this.#store = AgentStore.open(join(state, 'serve'));
    await takeServePlace(this.#place);
    this.#taken = true;
    const { audit_public_key } = await this.#broker.ready;
    // The log is of this run of the server, and has an id of its own; the tokens pin the server's key, which stays.
    const sid = randomBytes(SID_BYTES);
    const entry = createSession(state, {
      sid: sid.toString('hex'),
      label: 'turret serve',
      command: 'turret',
      pid: process.pid,
      now: Date.now(),
    });
    this.#repeaters = new RepeaterProcesses(
      {
        config,
        users,
        secrets,
        env: process.env,
        agentWrites: [],
        say: (line) => void (this.#options.quiet || say(line)),
        runtimeDirectory: this.#place.directory,
        stateDirectory: entry.directory,
      },
      this.#broker,
    );
    const certificate = loadHostKey(state).certify(sid, fromBase64url('audit', audit_public_key, 32));
    await begin(
      this.#broker,
      { state, entry },
      {
        type: 'setup',
        sid: sid.toString('hex'),
        identity: this.#store.identity,
        server: true,
        sockets: { agent: this.#place.socket, admin: this.#place.adminSocket },
        repeaters: repeaterEntries(config.repeaters),
        policy: config.policy as unknown as JsonObject,
        call_ms_max: CALL_MS_MAX,
        audit: {
          directory: entry.directory,
          certificate: toBase64url(certificate.signature),
          host_public_key: toBase64url(certificate.hostKey),
          start: startRecord(config),
        },
        keys: this.#keys(),
      },
    );
    if (group !== undefined) {
      chownSync(this.#place.socket, -1, group);
      chmodSync(this.#place.socket, 0o660);
    }
    this.#announce(config);
    const why = await this.#stopping;
    return this.#end(why, entry, state);
  }

  #group(): number | undefined {
    const { group } = this.#options;
    if (group === undefined) return undefined;
    const found = findGroup(group);
    if (found !== undefined) return found;
    throw new TurretError('usage', `there is no group ${JSON.stringify(group)}`, {
      hints: [`groupadd --system ${group}`],
    });
  }

  cleanUp(): void {
    this.#broker.end();
    this.#repeaters?.kill();
    if (this.#taken) leaveServePlace(this.#place);
    if (this.#stateClaim !== undefined) release(this.#stateClaim);
  }

  /** The agents that are remembered, and a key of the operator's that is good for this run. */
  #keys(): BrokerKey[] {
    const { identity, agents } = this.#store as AgentStore;
    const sid = sidOf(signingKey(Buffer.from(identity, 'base64url')).publicKey);
    const admin = mintKey('admin', sid, 'turret serve');
    writeFileSync(this.#place.adminToken, admin.token, { mode: 0o600 });
    const now = Date.now();
    return [
      { ...admin.key, lifetime_ms: Number.MAX_SAFE_INTEGER },
      ...agents.map(({ public_key, label, grants, limits, not_after, revoked }) => ({
        ...{ public_key, label, grants, limits },
        kind: 'agent' as const,
        lifetime_ms: not_after - now,
        revoked: revoked !== null,
      })),
    ];
  }

  #save(id: number, change: AgentChange): void {
    try {
      this.#store?.apply(change, Date.now());
      this.#broker.send({ type: 'stored', id });
    } catch (error) {
      sayError(error);
      this.#broker.send({ type: 'stored', id, problem: (error as Error).message });
    }
  }

  #announce(config: Config): void {
    if (this.#options.quiet) return;
    if (config.sources.length === 0)
      say(`no turret.yaml: the presets ${config.presets.join(' and ')} apply (turret init writes one)`);
    const now = Date.now();
    const live = this.#store?.agents.filter(({ revoked, not_after }) => revoked === null && now < not_after);
    const agents = live?.map(({ label }) => label).join(' ') || 'none yet: turret token create';
    say(
      `serving on ${this.#place.socket}; repeaters: ${Object.keys(config.repeaters).join(' ') || 'none'}; agents: ${agents}`,
    );
  }

  async #end(why: 'signal' | 'broker', entry: SessionEntry, state: string): Promise<number> {
    if (why === 'broker') {
      say(`the broker died; nothing is served any more ${this.#broker.lastWords}`.trim());
      return 125;
    }
    if (!this.#options.quiet) say('stopping: no new calls, and the ones that run have ten seconds');
    const drained = await this.#broker.drain(DRAIN_MS_MAX);
    const summary = await this.#broker.close(0);
    try {
      if (summary?.head !== undefined) closeSession(state, entry.name, summary.head, Date.now());
    } catch (error) {
      sayError(error);
    }
    if (!this.#options.quiet)
      say(`stopped${drained ? '' : ', with calls cut off'}; turret audit ${entry.sid.slice(0, 8)}`);
    return 0;
  }
}

function startRecord(config: Config): JsonObject {
  return {
    turret: version,
    label: 'turret serve',
    command: 'turret',
    argv: ['turret', 'serve'],
    isolation: 'server',
    policy_sha256: sha256(Buffer.from(JSON.stringify(config.policy))).toString('base64url'),
    config: [...config.presets.map((name) => `preset:${name}`), ...config.sources.map(({ file }) => file)],
    pid: process.pid,
  };
}
