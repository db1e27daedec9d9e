import type { CompiledPolicy } from '../policy/compile.js';
import type { CallStream } from './agent-connection.js';
import type { Principal } from './keys.js';
import type { Limiter } from './limiter.js';
import type { Recorder } from './recorder.js';
import type { Repeaters } from './repeaters.js';

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
