// The broker of one session: authentication, authorization, limits, audit. It holds public keys, a policy and the audit
// key; it never holds a secret, never starts a process, and knows nothing of AWS or GitHub.

import type { Socket } from 'node:net';

import { signingKey } from '../crypto/ed25519.js';
import { TurretError } from '../errors.js';
import { compile } from '../policy/compile.js';
import type { Policy } from '../policy/rule.js';
import type { BrokerSetup, FromBroker, ToBroker } from '../protocol/control.js';
import { SESSION_CONNECTIONS_MAX } from '../protocol/limits.js';
import type { JsonObject } from '../protocol/messages.js';
import { sidOf } from '../token/identity.js';
import { fromBase64url } from '../wire/handshake.js';
import { AdminRequests } from './admin-requests.js';
import { answerSoon } from './answer-soon.js';
import type { AgentConnection } from './agent-connection.js';
import { Call } from './call.js';
import type { CallContext, CallStream } from './context.js';
import { evidenceOf } from './evidence.js';
import { KeyRing, type Principal, rootOf } from './keys.js';
import { Limiter } from './limiter.js';
import { Listener } from './listener.js';
import { openLog } from './open-log.js';
import { PeerCheck } from './peer-check.js';
import { Recorder } from './recorder.js';
import { Repeaters } from './repeaters.js';
import { Signatures, type SignedRequest } from './signatures.js';
import { TokenRequests } from './token-requests.js';

export class Broker {
  readonly #tell: (message: FromBroker) => void;
  readonly #setup: BrokerSetup;
  readonly #keys: KeyRing;
  readonly #tokens: TokenRequests;
  readonly #admin: AdminRequests;
  readonly #repeaters: Repeaters;
  readonly #recorder: Recorder;
  readonly #peers = new PeerCheck();
  readonly #listener: Listener;
  readonly #pids = new Map<string, number>();
  readonly #calls = new Set<CallStream>();
  readonly #callsOf = new Map<Principal, number>();
  #draining = false;
  #closed = false;

  constructor(setup: BrokerSetup, auditSeed: Buffer, tell: (message: FromBroker) => void) {
    this.#setup = setup;
    this.#tell = tell;
    const key = signingKey(fromBase64url('identity', setup.identity, 32));
    this.#recorder = new Recorder(openLog(setup, auditSeed), monotonicMs);
    this.#keys = new KeyRing(sidOf(key.publicKey), setup.keys, monotonicMs);
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
    this.#admin = new AdminRequests({
      keys: this.#keys,
      tokens: this.#tokens,
      recorder: this.#recorder,
      revoke: (principals, reason, by) => this.#revoke(principals, reason, by),
      status: () => ({
        calls: this.#calls.size,
        connections: [...this.#listener.connections()].length,
        pid: process.pid,
      }),
      tell,
      isServer: setup.server,
    });
    const context: CallContext = {
      repeaters: this.#repeaters,
      policy,
      limiter,
      recorder: this.#recorder,
      callMsMax: setup.call_ms_max,
      monotonicMs,
      nextCallId: (caller) => this.#nextCallId(rootOf(caller)),
      forget: (call) => this.#forget(call),
    };
    this.#listener = new Listener({
      keys: this.#keys,
      peers: this.#peers,
      signatures: new Signatures(),
      brokerKey: key,
      brokerPublicKey: key.publicKey,
      welcome: (principal) => this.#welcome(principal),
      authenticated: (principal, client) => this.#recorder.authenticated(principal, client),
      refused: (error) => this.#recorder.authFailed(error),
      admit: (principal) => this.#admit(principal),
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
        for (const key of this.#keys.all())
          if (key.kind === 'session') key.pidNamespace = message.pid_namespace;
        return this.#tell({ type: 'admitting' });
      case 'stored':
        return this.#admin.stored(message.id, message.problem);
      case 'drain':
        this.#draining = true;
        return this.#tellDrained();
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
    // An agent's token is good again when its server is back.
    this.#revoke(
      this.#keys.all().filter(({ kind }) => kind === 'session'),
      reason,
      'turret run',
    );
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
      return answerSoon(connection, stream, () => this.#admin.answer(object));
    if (this.#draining)
      throw new TurretError('draining', 'the server is stopping', { hints: ['ask again when it is back'] });
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
    const call = context.nextCallId(connection.principal as Principal);
    return answerSoon(connection, stream, () => {
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

  // One agent of a server must not take the connections of the others.
  #admit(principal: Principal): void {
    const root = rootOf(principal);
    let open = 0;
    for (const { principal: other } of this.#listener.connections())
      if (other !== undefined && rootOf(other) === root) open += 1;
    if (open >= SESSION_CONNECTIONS_MAX)
      throw new TurretError('too_many_streams', 'too many connections at once');
  }

  // Of its own for every agent: what the others do is not to be counted by looking at one's own.
  #nextCallId(root: Principal): string {
    const next = (this.#callsOf.get(root) ?? 0) + 1;
    this.#callsOf.set(root, next);
    return root.kind === 'agent' ? `a${[...this.#callsOf.keys()].indexOf(root) + 1}c${next}` : `c${next}`;
  }

  #forget(call: CallStream): void {
    this.#calls.delete(call);
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#draining && this.#calls.size === 0) this.#tell({ type: 'drained' });
  }

  // In memory first, so that nothing new starts; then what runs is cut; then it is written down, on the disk.
  #revoke(principals: Principal[], reason: string, by: string): { revoked: number; cancelled: number } {
    const revoked = this.#keys.revoke(principals.filter(({ kind }) => kind !== 'admin'));
    let cancelled = 0;
    for (const connection of [...this.#listener.connections()])
      if (connection.principal?.revoked === true)
        cancelled += connection.cut('token_revoked', 'the token was revoked');
    this.#recorder.revoked(revoked, reason, by, cancelled);
    return { revoked: revoked.length, cancelled };
  }
}

function broken(cause: unknown): TurretError {
  return new TurretError('internal', 'something broke inside turret', { cause });
}

function monotonicMs(): number {
  return performance.now();
}
