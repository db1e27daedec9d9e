// The broker of one session: authentication, authorization, limits, audit. It holds public keys, a policy and the audit
// key; it never holds a secret, never starts a process, and knows nothing of AWS or GitHub.

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

import { type SigningKey, signingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { AuditWriter } from '../platform/audit-file.js';
import { compile } from '../policy/compile.js';
import type { Policy } from '../policy/rule.js';
import type { BrokerSetup, FromBroker, ToBroker } from '../protocol/control.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { kidOf, sidOf } from '../token/identity.js';
import { fromBase64url, toBase64url } from '../wire/handshake.js';
import { errorToWire } from '../wire/wire-errors.js';
import type { AgentConnection, CallStream, SignedRequest } from './agent-connection.js';
import { Call } from './call.js';
import type { CallContext } from './context.js';
import { evidenceOf } from './evidence.js';
import { KeyRing, type Principal } from './keys.js';
import { Limiter } from './limiter.js';
import { Listener } from './listener.js';
import { PeerCheck } from './peer-check.js';
import { Recorder } from './recorder.js';
import { Repeaters } from './repeaters.js';
import { TokenRequests } from './token-requests.js';

/** The keys a broker makes for itself: by one it is known, by the other its log is signed. */
export interface BrokerKeys {
  broker: SigningKey;
  auditSeed: Buffer;
  auditPublicKey: Uint8Array;
}

export function makeKeys(): BrokerKeys {
  const auditSeed = randomBytes(32);
  return { broker: signingKey(randomBytes(32)), auditSeed, auditPublicKey: signingKey(auditSeed).publicKey };
}

export class Broker {
  readonly #tell: (message: FromBroker) => void;
  readonly #setup: BrokerSetup;
  readonly #keys: KeyRing;
  readonly #tokens: TokenRequests;
  readonly #repeaters: Repeaters;
  readonly #recorder: Recorder;
  readonly #peers = new PeerCheck();
  readonly #listener: Listener;
  readonly #pids = new Map<string, number>();
  readonly #calls = new Set<CallStream>();
  #nextCall = 1;
  #closed = false;

  constructor(setup: BrokerSetup, own: BrokerKeys, tell: (message: FromBroker) => void) {
    this.#setup = setup;
    this.#tell = tell;
    this.#recorder = new Recorder(openLog(setup, own), monotonicMs);
    this.#keys = new KeyRing(sidOf(own.broker.publicKey), setup.keys, monotonicMs);
    this.#repeaters = new Repeaters(
      setup.repeaters,
      {
        start: (name) => tell({ type: 'start_repeater', name }),
        registered: (_name, register) => this.#recorder.repeaterRegistered(register),
        lost: (name) => tell({ type: 'repeater_lost', name }),
      },
      monotonicMs,
    );
    const policy = compile(setup.policy as unknown as Policy);
    const limiter = new Limiter(policy, (setup.policy as unknown as Policy).limits, monotonicMs);
    this.#tokens = new TokenRequests({
      keys: this.#keys,
      peers: this.#peers,
      limiter,
      recorder: this.#recorder,
      monotonicMs,
      revoke: (principals, reason, by) => this.#revoke(principals, reason, by),
    });
    const context: CallContext = {
      repeaters: this.#repeaters,
      policy,
      limiter,
      recorder: this.#recorder,
      callMsMax: setup.call_ms_max,
      monotonicMs,
      nextCallId: () => `c${this.#nextCall++}`,
      forget: (call) => this.#calls.delete(call),
    };
    this.#listener = new Listener({
      keys: this.#keys,
      peers: this.#peers,
      brokerKey: own.broker,
      brokerPublicKey: own.broker.publicKey,
      welcome: (principal) => this.#welcome(principal),
      authenticated: (principal, client) => this.#recorder.authenticated(principal, client),
      refused: (error) => this.#recorder.authFailed(error),
      gone: (connection) => this.#tokens.gone(connection),
      open: (connection, stream, request) => this.#open(context, connection, stream, request),
    });
  }

  /** Resolves with the agent's port of 127.0.0.1, when it has no path. */
  async listen(): Promise<number | undefined> {
    const { agent, admin } = this.#setup.sockets;
    await this.#listener.listen(admin);
    if (agent === null) return await this.#listener.listenOnLoopback();
    await this.#listener.listen(agent);
    return undefined;
  }

  /** A message of the supervisor, with the socket it hands over, if any. */
  control(message: ToBroker, handle: Socket | undefined): void {
    switch (message.type) {
      case 'setup':
        throw new TypeError('a broker is set up once');
      case 'repeater_started':
        this.#pids.set(message.name, message.pid);
        this.#recorder.repeaterStarted(message.name, this.#repeaters.kindOf(message.name), message.pid);
        if (handle === undefined)
          this.#repeaters.failed(message.name, 'the repeater came without its socket', undefined);
        else this.#repeaters.attach(message.name, handle);
        return;
      case 'repeater_failed':
        return this.#repeaters.failed(message.name, message.message, message.hint);
      case 'repeater_exited':
        return this.#recorder.repeaterExited(
          message.name,
          this.#pids.get(message.name) ?? 0,
          message.code,
          message.signal,
        );
      case 'agent_namespace':
        return this.#tell({ type: 'admitting', checked: this.#confine(message.pid_namespace) });
      case 'close':
        return this.close(message.exit, 'the agent exited');
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Revokes, cuts what still runs, ends the log. Safe to call twice. */
  close(exit: number | null, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#revoke(this.#keys.all(), reason, 'turret run');
    this.#listener.close(reason);
    this.#repeaters.close();
    const summary = this.#recorder.close(exit, reason);
    this.#tell({ type: 'closed', summary });
  }

  #welcome(principal: Principal): JsonObject {
    return {
      session: this.#setup.sid,
      label: principal.label,
      depth: principal.depth,
      exp_ms: Math.max(0, Math.round(principal.expiresAtMs - monotonicMs())),
      tools: this.#repeaters.tools(),
      repeaters: this.#repeaters.names(),
      level: this.#setup.audit.start['isolation'] ?? 'none',
    };
  }

  #open(
    context: CallContext,
    connection: AgentConnection,
    stream: number,
    request: SignedRequest,
  ): CallStream {
    const { object } = request;
    if (connection.principal?.kind === 'admin')
      return this.#answer(connection, stream, () => this.#admin(object));
    if (object['token'] !== undefined) return this.#tokenRequest(context, connection, stream, request);
    const call = new Call(context, connection, stream, request);
    this.#calls.add(call);
    queueMicrotask(() => void call.serve());
    return call;
  }

  #tokenRequest(
    context: CallContext,
    connection: AgentConnection,
    stream: number,
    request: SignedRequest,
  ): CallStream {
    const call = context.nextCallId();
    return this.#answer(connection, stream, () => {
      try {
        return this.#tokens.answer(connection, request.object);
      } catch (error) {
        const caller = connection.principal as Principal;
        const evidence = evidenceOf(call, caller, undefined, { ...request, stream });
        this.#recorder.refused(evidence, error instanceof TurretError ? error : broken(error));
        throw error;
      }
    });
  }

  // What the holder of the admin key may do: look, and take rights away. Nothing here can widen anything.
  #admin(request: JsonObject): JsonObject {
    switch (request['admin']) {
      case 'status': {
        const connections = [...this.#listener.connections()].length;
        return { calls: this.#calls.size, connections, pid: process.pid };
      }
      case 'tokens':
        return { tokens: this.#tokens.list(() => true) };
      case 'revoke': {
        const said = request['reason'];
        const reason = typeof said === 'string' ? said.slice(0, 200) : 'turret revoke';
        const named = request['token'] === undefined ? undefined : this.#named(request['token']);
        const ended = this.#revoke(named ?? this.#keys.all(), reason, 'turret revoke');
        if (named === undefined) this.#tell({ type: 'revoked', reason });
        return ended;
      }
      default:
        throw new TurretError('no_such_action', 'the admin key can ask for status, tokens and revoke');
    }
  }

  #named(name: Json): Principal[] {
    const found = this.#keys
      .all()
      .filter(({ kind, kid, label }) => kind !== 'admin' && (kid === name || label === name));
    if (found.length > 0) return found;
    throw new TurretError('invalid_params', 'there is no token of that name', {
      hints: ['turret token list shows them'],
    });
  }

  #answer(connection: AgentConnection, stream: number, answer: () => JsonObject): CallStream {
    queueMicrotask(() => {
      try {
        connection.end(stream, { ok: true, exit: 0, result: answer() });
      } catch (error) {
        connection.end(stream, { ok: false, error: errorToWire(error) });
      }
    });
    return { frame: () => {}, abandon: () => {}, cut: () => {} };
  }

  #confine(pidNamespace: string): boolean {
    const roots = this.#keys.all().filter(({ kind }) => kind === 'session');
    return roots.every((principal) => this.#peers.require(principal, pidNamespace));
  }

  // In memory first, so that nothing new starts; then what runs is cut; then it is written down, on the disk.
  #revoke(principals: Principal[], reason: string, by: string): { revoked: number; cancelled: number } {
    const revoked = this.#keys.revoke(principals.filter(({ kind }) => kind !== 'admin'));
    let cancelled = 0;
    for (const connection of [...this.#listener.connections()])
      if (connection.principal?.revoked === true) cancelled += connection.revoke();
    this.#recorder.revoked(revoked, reason, by, cancelled);
    return { revoked: revoked.length, cancelled };
  }
}

function broken(cause: unknown): TurretError {
  return new TurretError('internal', 'something broke inside turret', { cause });
}

function openLog(setup: BrokerSetup, own: BrokerKeys): AuditWriter {
  const started = process.hrtime.bigint();
  const log = AuditWriter.open({
    directory: setup.audit.directory,
    sid: Buffer.from(setup.sid, 'hex'),
    auditSeed: own.auditSeed,
    certificate: {
      hostKey: fromBase64url('host_public_key', setup.audit.host_public_key, 32),
      signature: fromBase64url('certificate', setup.audit.certificate, 64),
    },
    now: Date.now,
    monotonic: () => Number((process.hrtime.bigint() - started) / 1000n),
  });
  log.append({ type: 'session.start', ...(setup.audit.start as object) } as Parameters<
    AuditWriter['append']
  >[0]);
  for (const key of setup.keys) {
    if (key.kind === 'session')
      log.append({
        type: 'token.issued',
        kid: kidText(key.public_key),
        key: key.public_key,
        kind: key.kind,
        label: key.label,
      });
  }
  return log;
}

function kidText(publicKey: string): string {
  return toBase64url(kidOf(fromBase64url('public_key', publicKey, 32)));
}

function monotonicMs(): number {
  return performance.now();
}
