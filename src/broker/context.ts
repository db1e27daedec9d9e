import type { CompiledPolicy } from '../policy/compile.js';
import type { Frame } from '../protocol/frames.js';
import type { Principal } from './keys.js';
import type { Limiter } from './limiter.js';
import type { Recorder } from './recorder.js';
import type { Repeaters } from './repeaters.js';

/** A call in progress, as its connection sees it. */
export interface CallStream {
  frame(frame: Frame): void;
  /** The caller is gone. */
  abandon(): void;
  /** Stop at once; nothing more goes to the caller. */
  cut(): void;
}

/** What a call needs of its broker. */
export interface CallContext {
  repeaters: Repeaters;
  policy: CompiledPolicy;
  limiter: Limiter;
  recorder: Recorder;
  callMsMax: number;
  monotonicMs(): number;
  /** Unique in the log. */
  nextCallId(caller: Principal): string;
  forget(call: CallStream): void;
}
