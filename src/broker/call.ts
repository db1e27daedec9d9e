// One call, from the signed request to its END. This file is the story to read first:
//
//   parse → resolve (what would this be?) → admit (limits) → decide (policy) → record → run → relay → record
//
// The signature has been verified when we get here. Nothing else about the request is trusted: argv, cwd, facts and
// params are the agent's. What the repeater resolved is checked again before policy sees it.

import { TurretError } from '../errors.js';
import { FRAME } from '../protocol/codes.js';
import type { Frame } from '../protocol/frames.js';
import { parseControl } from '../protocol/json.js';
import { CALL_MS_DEFAULT, CANCEL_GRACE_MS } from '../protocol/limits.js';
import type { AgentCall, End, JsonObject, Needs, Status } from '../protocol/messages.js';
import { parseAgentCall, parseSignal } from '../protocol/parse.js';
import { errorToWire } from '../wire/wire-errors.js';
import type { AgentConnection } from './agent-connection.js';
import { type Decided, requireAllowed } from './authorize.js';
import { parseFinished, redactedBy, repeaterError, usageOf } from './call-end.js';
import type { CallContext, CallStream } from './context.js';
import { type CallEvidence, evidenceOf } from './evidence.js';
import { Handoff } from './handoff.js';
import type { Principal } from './keys.js';
import { CALLER_CONTROL, type Outlet, REPEATER_CHANNELS, Relay, callerChannels } from './relay.js';
import type { RepeaterLink } from './repeater-link.js';
import { type Resolved, resolveCall } from './resolve.js';
import type { SignedRequest } from './signatures.js';

type Phase = 'deciding' | 'queued' | 'running' | 'over';

export class Call implements CallStream {
  readonly id: string;
  readonly #context: CallContext;
  readonly #connection: AgentConnection;
  readonly #stream: number;
  readonly #signed: SignedRequest;
  readonly #startedMs: number;
  readonly #caller: Principal;
  #request: AgentCall | undefined;
  #toRepeater = new Relay([]);
  readonly #toCaller = new Relay(REPEATER_CHANNELS);
  #phase: Phase = 'deciding';
  #repeater: { link: RepeaterLink; stream: number } | undefined;
  #limits: string[] = [];
  #redacted = 0;
  readonly #handoff = new Handoff();
  #timer: NodeJS.Timeout | undefined;
  #leave: (() => void) | undefined;

  constructor(context: CallContext, connection: AgentConnection, stream: number, signed: SignedRequest) {
    this.#context = context;
    this.#connection = connection;
    this.#stream = stream;
    this.#caller = connection.principal as Principal;
    this.id = context.nextCallId(this.#caller);
    this.#signed = signed;
    this.#startedMs = context.monotonicMs();
  }

  async serve(): Promise<void> {
    try {
      const request = parseAgentCall(this.#signed.object);
      this.#request = request;
      const resolved = await resolveCall(this.#context.repeaters, request);
      if (this.isOver()) return;
      this.#context.limiter.admitCaller(this.#caller);
      const decided = this.#decide(resolved);
      this.#limits = decided.limits;
      this.#phase = 'queued';
      this.#leave = await resolved.link.enter();
      if (this.isOver()) this.#leave();
      else this.#run(request, resolved);
    } catch (error) {
      this.#fail(error);
    }
  }

  isOver(): boolean {
    return this.#phase === 'over';
  }

  /** A frame of the caller. Throws TurretError for what ends the connection. */
  frame(frame: Frame): void {
    if (this.#phase === 'over') return;
    if (this.#repeater === undefined) return this.#frameWhileDeciding(frame);
    const outlet: Outlet = { send: (out) => this.#repeater?.link.send(out), stream: this.#repeater.stream };
    if (frame.type === FRAME.DATA) return this.#toRepeater.data(frame, outlet);
    if (frame.type === FRAME.CREDIT) return this.#toCaller.addCredit(frame, outlet);
    if (!CALLER_CONTROL.has(frame.type))
      throw new TurretError('protocol_error', 'that frame does not belong on a call');
    if (frame.type === FRAME.SIGNAL) parseSignal(parseControl(frame.payload));
    if (frame.type === FRAME.CANCEL) return this.#giveUpAfterGrace();
    outlet.send({ ...frame, stream: outlet.stream });
  }

  /** The caller is gone: the repeater stops, and what came of it is recorded. */
  abandon(): void {
    this.#stop('the caller is gone');
  }

  cut(): void {
    this.#stop('the token was revoked');
  }

  #decide(resolved: Resolved): Decided {
    const { policy, recorder, limiter } = this.#context;
    const kind = this.#context.repeaters.kindOf(resolved.link.name);
    const asked = { policy, kind, capabilities: resolved.capabilities, caller: this.#caller };
    return requireAllowed(asked, (decision) => {
      if (decision.effect === 'allow') limiter.admitToRules(this.#caller, decision.limits);
      // Written before anything runs, and durable before anything that changes the world runs. If it cannot be: no.
      recorder.decided(this.#evidence(), resolved.capabilities, decision);
    });
  }

  #run(request: AgentCall, resolved: Resolved): void {
    const timeout_ms = Math.min(request.timeout_ms ?? CALL_MS_DEFAULT, this.#context.callMsMax);
    const { link, capabilities, needs } = resolved;
    this.#phase = 'running';
    this.#toRepeater = new Relay(callerChannels(needs));
    this.#timer = setTimeout(() => this.#deadline(), timeout_ms);
    // Of what does not pass here nobody but the repeater counts the bytes.
    if (request.handoff === true && !this.#context.limiter.counts(this.#caller, this.#limits))
      this.#handoff.allow();
    const run = {
      mode: 'run',
      call: this.id,
      capabilities,
      needs,
      timeout_ms,
      ...(request.tty ? { tty: request.tty } : {}),
      ...this.#handoff.asked,
    } as const;
    const stream = link.run(run, {
      frame: (frame) => this.#fromRepeater(frame),
      lost: (error) => this.#finish({ ok: false, error: errorToWire(error) }),
    });
    this.#repeater = { link, stream };
    this.#tellRunning(needs);
  }

  #tellRunning(needs: Needs): void {
    const status: Status = { state: 'running', call: this.id, needs };
    this.#connection.sendControl(FRAME.STATUS, this.#stream, status);
  }

  #fromRepeater(frame: Frame): void {
    if (frame.type === FRAME.END) return this.#repeaterEnded(parseControl(frame.payload));
    if (this.#phase === 'over') return;
    const outlet: Outlet = { send: (out) => this.#connection.send(out), stream: this.#stream };
    if (frame.type === FRAME.CREDIT) return this.#toRepeater.addCredit(frame, outlet);
    if (frame.type === FRAME.STATUS) return this.#handoff.announce(frame, outlet);
    if (frame.type !== FRAME.DATA)
      throw new TurretError('protocol_error', 'that frame does not belong on a call');
    try {
      this.#context.limiter.spend(this.#caller, this.#limits, frame.payload.length);
    } catch (error) {
      this.#cancel('budget');
      return this.#finish({ ok: false, error: errorToWire(error) });
    }
    this.#toCaller.data(frame, outlet);
  }

  #repeaterEnded(end: JsonObject): void {
    // Also of a call that nobody waits for any more: hanging up must not be a way to pay less.
    const usage = usageOf(end);
    if (usage !== undefined) {
      this.#context.limiter.use(this.#caller, this.#limits, usage);
      this.#context.recorder.used(this.id, usage);
    }
    if (this.#phase === 'over') return;
    this.#redacted = redactedBy(end);
    this.#handoff.ended(end);
    const finished = parseFinished(end);
    this.#finish(finished ?? { ok: false, error: errorToWire(repeaterError(end)) });
  }

  // The caller gets its END now; whether the work was done upstream nobody can say, and the record says that.
  #deadline(): void {
    this.#cancel('deadline');
    const seconds = Math.round((this.#context.monotonicMs() - this.#startedMs) / 1000);
    this.#finish({
      ok: false,
      error: errorToWire(
        new TurretError('deadline_exceeded', `the call took longer than ${seconds} s`, {
          hints: ['it was cancelled and may have taken effect; look before you repeat it'],
        }),
      ),
    });
  }

  #giveUpAfterGrace(): void {
    this.#cancel('the caller cancelled');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#finish({ ok: false, error: errorToWire(new TurretError('cancelled', 'the call was cancelled')) });
    }, CANCEL_GRACE_MS);
  }

  #frameWhileDeciding(frame: Frame): void {
    // Signals that come before anything runs mean: never mind.
    if (frame.type === FRAME.SIGNAL || frame.type === FRAME.CANCEL) {
      const cancelled = new TurretError('cancelled', 'the call was cancelled before it started');
      return this.#fail(cancelled);
    }
    if (frame.type !== FRAME.RESIZE) throw new TurretError('protocol_error', 'data before the call runs');
  }

  #stop(reason: string): void {
    if (this.#phase === 'over') return;
    this.#cancel(reason);
    if (this.#phase === 'deciding') {
      // It was asked all the same: whoever asks and hangs up before the answer must not do so unseen.
      this.#request ??= this.#readable();
      this.#context.recorder.refused(this.#evidence(), new TurretError('cancelled', reason));
    }
    if (this.#phase === 'running') this.#recordFinished({ outcome: 'unknown', error: reason });
    if (this.#phase === 'queued') this.#recordFinished({ outcome: 'failed', error: reason });
    this.#over();
  }

  /** It may be cut before it was looked at. */
  #readable(): AgentCall | undefined {
    try {
      return parseAgentCall(this.#signed.object);
    } catch {
      // The record says by its hash what was asked.
      return undefined;
    }
  }

  #cancel(reason: string): void {
    this.#repeater?.link.cancel(this.#repeater.stream, reason);
  }

  #finish(end: End): void {
    if (this.#phase === 'over') return;
    const unknown = ['deadline_exceeded', 'cancelled', 'repeater_crashed', 'budget_exhausted'];
    if (end.ok)
      this.#recordFinished({
        outcome: end.exit === 0 ? 'done' : 'failed',
        exit: end.exit,
        ...(end.signal ? { signal: end.signal } : {}),
      });
    else
      this.#recordFinished({
        // What no repeater was told of did not happen.
        outcome: this.#repeater !== undefined && unknown.includes(end.error.name) ? 'unknown' : 'failed',
        error: end.error.name,
      });
    this.#over();
    this.#connection.end(this.#stream, end);
  }

  #recordFinished(what: {
    outcome: 'done' | 'failed' | 'unknown';
    exit?: number;
    signal?: string;
    error?: string;
  }): void {
    this.#context.recorder.finished({
      call: this.id,
      ...what,
      ms: Math.round(this.#context.monotonicMs() - this.#startedMs),
      in: this.#toRepeater.bytes,
      ...this.#handoff.recorded(this.#toCaller.bytes),
      ...(this.#redacted > 0 ? { redacted: this.#redacted } : {}),
    });
  }

  // What breaks once a call is decided ends it as a decided call: the log must not say that it never got that far.
  #fail(error: unknown): void {
    if (this.#phase === 'deciding') return this.#refuse(error);
    this.#cancel('it cannot go on');
    this.#finish({ ok: false, error: errorToWire(error) });
  }

  #refuse(error: unknown): void {
    if (this.#phase === 'over') return;
    this.#over();
    const refused =
      error instanceof TurretError
        ? error
        : new TurretError('internal', 'something broke inside turret', { cause: error });
    // A question back to the shim is no refusal; a denial is in the log already.
    if (refused.code !== 'facts_needed' && refused.code !== 'denied')
      this.#context.recorder.refused(this.#evidence(), refused);
    this.#connection.end(this.#stream, { ok: false, error: errorToWire(refused) });
  }

  #over(): void {
    this.#phase = 'over';
    clearTimeout(this.#timer);
    this.#leave?.();
    this.#context.forget(this);
  }

  #evidence(): CallEvidence {
    return evidenceOf(this.id, this.#caller, this.#request, { ...this.#signed, stream: this.#stream });
  }
}
