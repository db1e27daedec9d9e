// One session, as a story: prepare, start the broker, start the agent, wait, revoke, report.

import { lchownSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../config/config.js';
import { loadConfigHere } from '../config/load-here.js';
import type { Enclosure } from '../isolation/enclosure.js';
import { agentWrites } from '../isolation/home.js';
import { type HostKey, loadHostKey } from '../platform/host-key.js';
import {
  type RuntimeDirectory,
  createRuntimeDirectory,
  noteLevel,
  removeRuntimeDirectory,
  removeSocket,
  runningSessions,
  runtimeRoots,
} from '../platform/runtime-directory.js';
import { SESSION_MARK, killMarked } from '../platform/session-processes.js';
import {
  type SessionEntry,
  closeSession,
  createSession,
  makeStateDirectory,
  stateDirectory,
} from '../platform/sessions.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import type { BrokerKey, SessionSummary } from '../protocol/control.js';
import { CALL_MS_MAX } from '../protocol/limits.js';
import type { JsonObject } from '../protocol/messages.js';
import { say, sayError } from '../ui/voice.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';
import { type AgentExit, startAgent } from './agent.js';
import { fillAgentDirectory, streamsOf } from './agent-directory.js';
import { makeAgentHome } from './agent-home.js';
import { announce } from './announce.js';
import { begin } from './begin.js';
import type { BrokerProcess } from './broker-process.js';
import { findProgram } from './command.js';
import { encloseAgent, environmentOf } from './enclose-agent.js';
import { withTurretsOwn } from './environment.js';
import { prepareGateway } from './gateway.js';
import { mintIdentity, mintKey } from './mint-key.js';
import type { RunOptions } from './options.js';
import { RepeaterProcesses, repeaterEntries } from './repeater-processes.js';
import { type OwnSecrets, repeaterSecrets } from './repeater-secrets.js';
import { chooseShim } from './shim-program.js';
import type { Signals } from './signals.js';
import { startRecord } from './start-record.js';
import { printSummary } from './summary.js';
import { type UnixUser, repeaterUsers } from './unix-user.js';
import { vaultDirectory } from './vault-directory.js';

/** What there is of a session from its first moment. */
export interface Begun {
  /** Just started: it makes its keys while we read the configuration. */
  broker: BrokerProcess;
  signals: Signals;
}

/** Runs the agent under Turret; resolves with the exit code of `turret run`. Throws TurretError when it cannot start. */
export async function runSession(options: RunOptions, begun: Begun): Promise<number> {
  const session = new Session(options, begun);
  try {
    return await session.run();
  } finally {
    session.cleanUp();
  }
}

class Session {
  readonly #options: RunOptions;
  readonly #startedMs = Date.now();
  readonly #signals: Signals;
  readonly #broker: BrokerProcess;
  #repeaters: RepeaterProcesses | undefined;
  #directory: RuntimeDirectory | undefined;
  #enclosure: Enclosure | undefined;
  #brokerDied = false;

  constructor(options: RunOptions, { broker, signals }: Begun) {
    this.#options = options;
    this.#signals = signals;
    signals.to((signal) => this.#abort(signal));
    this.#broker = broker;
    broker.attend({
      startRepeater: (name) => this.#repeaters?.start(name),
      repeaterLost: (name) => this.#repeaters?.endSoon(name),
      revoked: (reason) => {
        say(`the agent's token was revoked: ${reason}`);
        this.#repeaters?.endSoon(); // Nobody can call them; what a program left behind there may still talk to the agent.
      },
      died: () => {
        this.#brokerDied = true;
        say('the broker died; every further call of the agent is refused');
        this.#repeaters?.endSoon();
      },
    });
  }

  async run(): Promise<number> {
    const { command } = this.#options;
    const config = await loadConfigHere(this.#options.configFile);
    const users = repeaterUsers(config, process.getuid?.());
    const environment = environmentOf(this.#options, config);
    const tools = [...new Set(repeaterEntries(config.repeaters).flatMap((entry) => entry.tools))];
    // `turret run -- aws s3 ls` means the shim, whether or not there is an aws on the user's PATH.
    const shim = [...tools, 'turret'].find((name) => name === command[0]);
    const program =
      shim === undefined
        ? findProgram(command[0] ?? '', environment.env['PATH'] ?? '', process.cwd())
        : undefined;
    const writes = agentWrites({
      ...{ cwd: process.cwd(), home: environment.env['HOME'] ?? '/nonexistent' },
      ...{ homeAllow: config.home.allow, program },
    });
    const secrets = await repeaterSecrets(config, {
      ...{ env: process.env, keyText: this.#options.vaultKey, agentWrites: writes },
    });
    // By this key the agent knows its broker. The broker is still starting, and all that follows need not wait for it.
    const { identity, sid } = mintIdentity();
    const state = stateDirectory(process.env);
    const roots = runtimeRoots(process.env, process.getuid?.() ?? 0);
    makeStateDirectory(state); // before the sandbox is planned: what does not exist cannot be hidden
    makeAgentHome(environment.env['HOME'], program);
    runningSessions(roots); // removes what dead sessions left behind
    const label = this.#options.label ?? command[0] ?? '';
    this.#directory = createRuntimeDirectory(roots, {
      sid: sid.toString('hex'),
      pid: process.pid,
      label,
      command: command[0] ?? '',
      started: new Date(this.#startedMs).toISOString(),
      isolation: this.#options.isolation ?? config.isolation,
    });
    const agentKey = mintKey('session', sid, label);
    const adminKey = mintKey('admin', sid, 'turret run');
    const shimProgram = await chooseShim(process.env, state);
    fillAgentDirectory(this.#directory, { token: agentKey.token, tools, shim: shimProgram });
    const agentSoFar = { env: environment.env, program, words: command.slice(1) };
    const gateway = await prepareGateway(config, this.#directory.agent, agentSoFar);
    writeFileSync(this.#directory.adminToken, adminKey.token, { mode: 0o600 });
    const ports = gateway === undefined ? [] : [gateway.port];
    const hidden = [state, ...roots, ...vaultDirectory(process.env)];
    const enclosure = await encloseAgent({
      ...{ options: this.#options, config, environment, directory: this.#directory },
      ...{ agentSocket: this.#directory.agentSocket, program, tools, hidden, ports },
    });
    this.#enclosure = enclosure;
    noteLevel(this.#directory, enclosure.level);
    // What the sandbox binds the broker's socket over.
    if (enclosure.agentAddress !== 'loopback' && enclosure.agentAddress.removable)
      writeFileSync(join(this.#directory.agent, AGENT_FILES.socket), '', { mode: 0o600 });
    const { audit_public_key } = await this.#broker.ready;
    const certificate = loadHostKey(state).certify(sid, fromBase64url('audit', audit_public_key, 32));
    const entry = createSession(state, {
      sid: sid.toString('hex'),
      label,
      command: command[0] ?? '',
      pid: process.pid,
      now: this.#startedMs,
    });
    const brokerPort = await this.#setUpBroker({
      config,
      users,
      secrets,
      writes,
      enclosure,
      entry,
      state,
      sid,
      identity,
      certificate,
      keys: [agentKey.key, adminKey.key],
    });
    if (!this.#options.quiet) announce(config, environment, enclosure);
    const told = gateway?.tell(enclosure.agentDirectory);
    const env = {
      ...withTurretsOwn(environment, enclosure, agentKey.token),
      ...told?.env,
      [SESSION_MARK]: entry.sid,
    };
    const { agentAddress: address } = enclosure;
    const agent = startAgent({
      enclosure,
      brokerPort,
      command: [
        ...(gateway === undefined ? [] : [`${enclosure.agentDirectory}/${AGENT_FILES.withGateway}`]),
        program ?? `${enclosure.agentDirectory}/bin/${shim}`,
        ...(told?.args ?? []),
        ...command.slice(1),
      ],
      env,
      admit: async (pidNamespace) => {
        if (pidNamespace !== undefined) await this.#broker.admitOnly(pidNamespace);
      },
      // Inside it is bound; outside there is nothing left to connect to, not even for the owner of a stolen token.
      running: () => address !== 'loopback' && address.removable && removeSocket(address.path),
    });
    this.#signals.to((signal) => agent.pass(signal));
    const exit = await agent.exit;
    this.#signals.to(() => {}); // the session is ending already, and in a bounded time
    // The token dies before what the agent left running does: none of that gets one more call in between.
    const closing = this.#broker.close(exit.code);
    if (!enclosure.endsTogether) killMarked(entry.sid);
    return this.#end(exit, await closing, { entry, state });
  }

  cleanUp(): void {
    this.#repeaters?.kill();
    this.#enclosure?.end();
    if (this.#directory !== undefined) removeRuntimeDirectory(this.#directory);
  }

  // Nothing has been started that acts; the broker ends with us.
  #abort(signal: NodeJS.Signals): never {
    this.cleanUp();
    process.exit(128 + constants.signals[signal]);
  }

  async #setUpBroker(parts: {
    config: Config;
    users: Map<string, UnixUser>;
    secrets: Map<string, OwnSecrets>;
    writes: string[];
    enclosure: Enclosure;
    entry: SessionEntry;
    state: string;
    sid: Buffer;
    identity: string;
    certificate: ReturnType<HostKey['certify']>;
    keys: BrokerKey[];
  }): Promise<number | undefined> {
    const { config, users, secrets, writes, entry, sid, enclosure, certificate } = parts;
    const { agentAddress: address } = enclosure;
    const directory = this.#directory as RuntimeDirectory;
    const surroundings = {
      config,
      users,
      secrets,
      env: process.env,
      agentWrites: writes,
      ...streamsOf(directory, enclosure.level),
      say: (line: string): void => void (this.#options.quiet || say(line)),
      ...{ runtimeDirectory: directory.path, stateDirectory: entry.directory },
    };
    this.#repeaters = new RepeaterProcesses(surroundings, this.#broker);
    const port = await begin(this.#broker, parts, {
      type: 'setup',
      sid: sid.toString('hex'),
      identity: parts.identity,
      server: false,
      sockets: {
        agent: address === 'loopback' ? null : address.path,
        admin: directory.adminSocket,
      },
      repeaters: repeaterEntries(config.repeaters),
      policy: config.policy as unknown as JsonObject,
      call_ms_max: CALL_MS_MAX,
      audit: {
        directory: entry.directory,
        certificate: toBase64url(certificate.signature),
        host_public_key: toBase64url(certificate.hostKey),
        start: startRecord(this.#options, config, enclosure),
      },
      keys: parts.keys,
    });
    if (address !== 'loopback' && address.owner !== undefined)
      lchownSync(address.path, address.owner.uid, address.owner.gid);
    if (port !== undefined)
      writeFileSync(join(enclosure.agentDirectory, AGENT_FILES.port), `${port}`, { mode: 0o600 });
    return port;
  }

  #end(
    exit: AgentExit,
    summary: SessionSummary | undefined,
    { entry, state }: { entry: SessionEntry; state: string },
  ): number {
    try {
      if (summary?.head !== undefined) closeSession(state, entry.name, summary.head, Date.now());
    } catch (error) {
      sayError(error); // and the agent has ended as it has
    }
    if (!this.#options.quiet) {
      printSummary({
        exit,
        summary,
        ms: Date.now() - this.#startedMs,
        sid: entry.sid,
        brokerDied: this.#brokerDied,
        lastWords: this.#broker.lastWords,
      });
    }
    return exit.code;
  }
}
