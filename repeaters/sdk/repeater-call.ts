// One approved call inside a repeater: frames in, streams out, exactly one END.

import { finished } from 'node:stream/promises';

import { TurretError } from '../../src/errors.js';
import { CHANNEL, FLAG, FRAME, type SignalName } from '../../src/protocol/codes.js';
import type { Frame } from '../../src/protocol/frames.js';
import { parseControl } from '../../src/protocol/json.js';
import type { End, HandoffPlace, JsonObject, RunCall, Usage } from '../../src/protocol/messages.js';
import { parseSignal } from '../../src/protocol/parse.js';
import { InboundChannel } from '../../src/wire/channels.js';
import type { FrameSocket } from '../../src/wire/frame-socket.js';
import { errorToWire } from '../../src/wire/wire-errors.js';
import { withoutSecrets } from './own-secrets.js';
import { RedactedChannel } from './redacted-channel.js';
import type { HandoffOffer } from './handoff/handoff.js';
import type { Repeater, Run } from './types.js';

/** What becomes of standard output. */
export interface OutputOptions {
  /** Whether it is looked through for secrets. */
  redact: boolean;
  /** Undefined: it comes in frames. */
  handoff: Pick<HandoffOffer, 'directory' | 'pump'> | undefined;
}

interface CallParts {
  socket: FrameSocket;
  stream: number;
  request: JsonObject;
  output: OutputOptions;
  over: () => void;
}

export class RepeaterCall {
  readonly #socket: FrameSocket;
  readonly #stream: number;
  readonly #request: RunCall;
  readonly #over: () => void;
  readonly #abort = new AbortController();
  readonly #inbound: Record<number, InboundChannel>;
  readonly #outbound: Record<number, RedactedChannel>;
  #broken: unknown;
  readonly #output: OutputOptions;
  #handedOff = 0;
  #usage: Usage | undefined;
  #onSignal: (signal: SignalName) => void = () => {};
  #onResize: (size: { cols: number; rows: number }) => void = () => {};

  constructor({ socket, stream, request, output, over }: CallParts) {
    this.#socket = socket;
    this.#stream = stream;
    // From the broker, which is trusted and built it from checked parts.
    this.#request = request as unknown as RunCall;
    this.#over = over;
    this.#output = output;
    const link = (channel: number) => ({ socket, stream, channel });
    this.#inbound = {
      [CHANNEL.STDIN]: new InboundChannel(link(CHANNEL.STDIN)),
      [CHANNEL.FILES]: new InboundChannel(link(CHANNEL.FILES)),
    };
    this.#outbound = {
      [CHANNEL.STDOUT]: new RedactedChannel(link(CHANNEL.STDOUT), output.redact),
      [CHANNEL.STDERR]: new RedactedChannel(link(CHANNEL.STDERR)),
      [CHANNEL.FILES]: new RedactedChannel(link(CHANNEL.FILES)),
    };
    // Nothing will come on a channel nobody needs.
    if (!this.#request.needs.stdin) this.#inbound[CHANNEL.STDIN]?.finish();
    if (!this.#request.needs.files.some((file) => file.use !== 'write'))
      this.#inbound[CHANNEL.FILES]?.finish();
  }

  async perform(repeater: Repeater): Promise<void> {
    try {
      const result = await repeater.run(this.#run());
      await this.#drain();
      this.#end({ ok: true, ...result });
    } catch (caught) {
      let error: unknown = caught;
      if (this.#broken !== undefined) error = this.#broken;
      else if (this.#abort.signal.aborted)
        error = new TurretError('cancelled', 'the call was cancelled', { cause: error });
      if (!(error instanceof TurretError))
        process.stderr.write(`turret: call failed: ${String((error as Error).stack)}\n`);
      for (const channel of Object.values(this.#outbound)) channel.destroy();
      this.#end({ ok: false, error: errorToWire(error) });
    } finally {
      this.#over();
    }
  }

  /** A frame of this call. What is wrong with it ends this call, not the repeater: others are being served. */
  frame(frame: Frame): void {
    try {
      this.#dispatch(frame);
    } catch (error) {
      this.#broken ??= error;
      this.abort();
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case FRAME.DATA:
        return this.#inbound[frame.channel]?.accept(frame.payload, (frame.flags & FLAG.FIN) !== 0);
      case FRAME.CREDIT:
        return this.#outbound[frame.channel]?.addCredit(frame.payload);
      case FRAME.SIGNAL:
        for (const channel of Object.values(this.#outbound)) channel.isSignalled = true;
        return this.#onSignal(parseSignal(parseControl(frame.payload)));
      case FRAME.RESIZE:
        return this.#resize(Buffer.from(frame.payload));
      case FRAME.CANCEL:
      case FRAME.RESET:
        return this.abort();
      default:
    }
  }

  abort(): void {
    this.#abort.abort();
    for (const channel of Object.values(this.#outbound)) channel.destroy();
    for (const channel of Object.values(this.#inbound)) channel.finish();
  }

  #run(): Run {
    const request = this.#request;
    return {
      call: request.call,
      capabilities: request.capabilities,
      needs: request.needs,
      tty: request.tty,
      signal: this.#abort.signal,
      stdin: this.#inbound[CHANNEL.STDIN] as InboundChannel,
      stdout: this.#outbound[CHANNEL.STDOUT] as RedactedChannel,
      stderr: this.#outbound[CHANNEL.STDERR] as RedactedChannel,
      filesIn: this.#inbound[CHANNEL.FILES] as InboundChannel,
      filesOut: this.#outbound[CHANNEL.FILES] as RedactedChannel,
      ...this.#handoff(),
      used: (usage) => {
        this.#usage = usage;
      },
      onSignal: (listener) => {
        this.#onSignal = listener;
      },
      onResize: (listener) => {
        this.#onResize = listener;
      },
    };
  }

  #handoff(): Pick<Run, 'handoff'> {
    const { handoff } = this.#output;
    if (this.#request.handoff !== true || handoff === undefined) return {};
    const announce = (place: HandoffPlace): void =>
      this.#socket.sendControl(FRAME.STATUS, this.#stream, { state: 'handoff', ...place });
    const passed = (bytes: number): void => {
      this.#handedOff = bytes;
    };
    return { handoff: { ...handoff, announce, passed } };
  }

  #end(end: End): void {
    const redacted = Object.values(this.#outbound).reduce((sum, channel) => sum + channel.redacted, 0);
    const counted = {
      ...(redacted === 0 ? {} : { redacted }),
      ...(this.#handedOff === 0 ? {} : { handed_off: this.#handedOff }),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
    this.#socket.sendControl(FRAME.END, this.#stream, { ...withoutSecrets(end), ...counted });
  }

  // END comes only after FIN on every channel: whoever sees END has seen every byte.
  async #drain(): Promise<void> {
    if (this.#abort.signal.aborted) throw new TurretError('cancelled', 'the call was cancelled');
    await Promise.all(
      Object.values(this.#outbound).map(async (channel) => {
        if (channel.destroyed) return;
        if (!channel.writableEnded) channel.end();
        if (!channel.writableFinished) await finished(channel);
      }),
    );
  }

  #resize(payload: Buffer): void {
    if (payload.length === 4)
      this.#onResize({ cols: payload.readUInt16BE(0), rows: payload.readUInt16BE(2) });
  }
}
