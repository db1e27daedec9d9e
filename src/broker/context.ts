import type { CompiledPolicy } from '../policy/compile.js';
import type { CallStream } from './agent-connection.js';
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
  nextCallId(): string;
  forget(call: CallStream): void;
}
