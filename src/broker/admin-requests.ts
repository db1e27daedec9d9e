// What the holder of the admin key may do: look, and take rights away. Of a server also let agents in, each with a part of
// what the policy allows, so that here too nothing can be widened.

import { TurretError } from '../errors.js';
import type { AgentChange, FromBroker, StoredAgent } from '../protocol/control.js';
import { AGENTS_MAX, AGENT_TOKEN_MS_MAX } from '../protocol/limits.js';
import type { Json, JsonObject } from '../protocol/messages.js';
import { parseInteger, parseObject, parseText } from '../protocol/parse.js';
import { parseGrants, parseLabel } from '../token/delegation.js';
import type { KeyRing, Principal } from './keys.js';
import type { Recorder } from './recorder.js';
import type { TokenContext, TokenRequests } from './token-requests.js';

export interface AdminContext {
  keys: KeyRing;
  tokens: TokenRequests;
  recorder: Recorder;
  revoke: TokenContext['revoke'];
  status(): JsonObject;
  tell(message: FromBroker): void;
  /** A server's tokens outlive this process. */
  isServer: boolean;
}

export class AdminRequests {
  readonly #context: AdminContext;
  readonly #waiting = new Map<number, (problem: string | undefined) => void>();
  #nextStore = 1;

  constructor(context: AdminContext) {
    this.#context = context;
  }

  /** The result of one request. Throws TurretError. */
  async answer(request: JsonObject): Promise<JsonObject> {
    const what = request['admin'];
    if (what === 'status') return this.#context.status();
    if (what === 'tokens') return this.#context.tokens.list(() => true);
    if (what === 'revoke') return this.#revoke(request);
    if (what === 'create' && this.#context.isServer) return this.#create(request);
    throw new TurretError(
      'no_such_action',
      `the admin key can ask for status, tokens${this.#context.isServer ? ', create' : ''} and revoke`,
    );
  }

  /** The supervisor's answer to `store`. */
  stored(id: number, problem: string | undefined): void {
    this.#waiting.get(id)?.(problem);
    this.#waiting.delete(id);
  }

  // Dead at once, whatever the disk says; and the answer is no when a restart would bring it back.
  async #revoke(request: JsonObject): Promise<JsonObject> {
    const { keys, revoke } = this.#context;
    const said = request['reason'];
    const reason = typeof said === 'string' ? said.slice(0, 200) : 'turret revoke';
    const isNamed = request['token'] !== undefined;
    const principals = isNamed ? this.#named(request['token']) : keys.all();
    const ended = revoke(principals, reason, 'turret revoke');
    const agents = principals.filter(({ kind }) => kind === 'agent');
    if (agents.length > 0) await this.#store({ revoke: agents.map(publicKeyOf), reason });
    if (principals.some(({ kind }) => kind === 'session')) this.#context.tell({ type: 'revoked', reason });
    return { ...ended };
  }

  async #create(request: JsonObject): Promise<JsonObject> {
    const { keys, recorder, revoke } = this.#context;
    keys.forgetExpired();
    const agents = keys.all().filter(({ kind }) => kind === 'agent');
    const label = parseLabel(request['label']);
    if (agents.some((agent) => agent.label === label && !agent.revoked))
      throw refused(`there is an agent "${label}" already`, 'revoke it first: turret token revoke');
    if (agents.length >= AGENTS_MAX)
      throw refused(`a server has at most ${AGENTS_MAX} agents`, 'let some expire');
    const ttlMs = parseInteger('ttl_ms', request['ttl_ms'], 1, AGENT_TOKEN_MS_MAX);
    const now = Date.now();
    const stored: StoredAgent = {
      public_key: parseText('public_key', request['public_key'], 64),
      label,
      grants: parseGrants(request['grants']) as unknown as Json,
      limits: parseLimits(request['limits'] ?? {}),
      created: now,
      not_after: now + ttlMs,
      revoked: null,
    };
    const agent = keys.add({ ...stored, kind: 'agent', lifetime_ms: ttlMs, revoked: false });
    try {
      recorder.issued(agent, stored);
      await this.#store({ add: stored });
    } catch (error) {
      revoke([agent], 'it could not be stored', 'turret serve');
      throw error;
    }
    return { kid: agent.kid, not_after: stored.not_after };
  }

  #named(name: Json | undefined): Principal[] {
    const all = this.#context.keys.all().filter(({ kind }) => kind !== 'admin');
    const found = all.filter(({ kid, label }) => kid === name || label === name);
    if (found.length > 0) return found;
    throw new TurretError('invalid_params', 'there is no token of that name', {
      hints: ['turret token list shows them'],
    });
  }

  async #store(change: AgentChange): Promise<void> {
    const id = this.#nextStore++;
    const problem = await new Promise<string | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#context.tell({ type: 'store', id, change });
    });
    if (problem === undefined) return;
    const hint =
      'add' in change
        ? 'make room and ask again'
        : 'it holds until the server stops; make room and repeat it';
    throw refused(`this could not be stored: ${problem}`, hint);
  }
}

function publicKeyOf({ key }: Principal): string {
  return key.publicKey.toString('base64url');
}

function parseLimits(value: Json): StoredAgent['limits'] {
  const object = parseObject('limits', value);
  const count = (name: string, from: JsonObject): number =>
    parseInteger(name, from[name], 1, Number.MAX_SAFE_INTEGER);
  const rate = object['rate'] === undefined ? undefined : parseObject('rate', object['rate']);
  return {
    ...(object['calls'] === undefined ? {} : { calls: count('calls', object) }),
    ...(rate === undefined
      ? {}
      : {
          rate: {
            count: count('count', rate),
            period_ms: count('period_ms', rate),
            burst: count('burst', rate),
          },
        }),
  };
}

function refused(message: string, hint: string): TurretError {
  return new TurretError('denied', message, { hints: [hint] });
}
