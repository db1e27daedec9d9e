// What a TypeScript repeater implements. The SDK (serve.ts) speaks TRT/1 on fd 3 and calls these.

import type { Readable, Writable } from 'node:stream';
import type { SignalName } from '../../src/protocol/codes.js';
import type { HandoffOffer } from './handoff/handoff.js';
import type {
  AgentCall,
  Capability,
  Json,
  Needs,
  RegisteredAction,
  ResolveResult,
  Tty,
  Usage,
} from '../../src/protocol/messages.js';

/** What the supervisor hands over once, on fd 4. Never argv, never environ, never a file. */
export interface RepeaterSecrets {
  /** The configured name: first word of every action. */
  name: string;
  kind: string;
  /** The repeater's block of turret.yaml, minus what the supervisor itself uses. */
  config: { [key: string]: Json };
  /** Values of the environment variables the manifest lists, from the user's environment. */
  env: Record<string, string>;
  /** A private directory, 0700, for what must be a file; removed at the end of the session. */
  directory: string;
  /** Real paths of what this session's agent may write: no program is started from there. */
  agent_writes: string[];
  /** Where the agent finds sockets of output that is handed over, and what passes it on; absent where it could not. */
  handoff?: Pick<HandoffOffer, 'directory' | 'pump'>;
  /** Other configured repeaters of the same kind: name to its config block. */
  siblings: Record<string, { [key: string]: Json }>;
}

/** One approved call. Nothing here is command text: argv is rebuilt from the capabilities. */
export interface Run {
  /** Id of the call in the audit log. */
  readonly call: string;
  readonly capabilities: Capability[];
  readonly needs: Needs;
  readonly tty: Tty | undefined;
  /** Aborted on CANCEL, deadline, revocation and loss of the broker. */
  readonly signal: AbortSignal;
  /** Bytes the agent's command has on stdin; empty unless `needs.stdin`. */
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Files by value, as a file stream (SPEC.md §Files): what the shim sends, and what goes back to it. */
  readonly filesIn: Readable;
  readonly filesOut: Writable;
  /** The caller may take standard output past this process; absent: it comes on `stdout` only. */
  readonly handoff?: HandoffOffer;
  /** What it cost, known at the end; the last word counts. */
  used(usage: Usage): void;
  onSignal(listener: (signal: SignalName) => void): void;
  onResize(listener: (size: { cols: number; rows: number }) => void): void;
}

export interface RunResult {
  exit: number;
  signal?: SignalName | 'KILL';
  result?: Json;
}

export interface Repeater {
  version: string;
  tools: string[];
  actions: RegisteredAction[];
  concurrency?: number;
  /** What would this be? Pure as far as the outside world is concerned. Throws TurretError('unresolvable', …). */
  resolve?(call: AgentCall): ResolveResult | Promise<ResolveResult>;
  /** Perform an approved call. Throws TurretError for what Turret itself could not do (exit 125). */
  run(run: Run): Promise<RunResult>;
}
