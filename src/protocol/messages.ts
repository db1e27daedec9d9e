// The JSON payloads of TRT/1, as types. Parsing from bytes is json.ts and parse.ts; nothing here is verified.

import type { SignalName, WireErrorCode, WireErrorName } from './codes.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type ParamScalar = string | number | boolean;
/** What policy compares. Flat on purpose: a nested value would be a place to hide from a rule. */
export type ParamValue = ParamScalar | ParamScalar[];
export type Params = Record<string, ParamValue>;

/** What a capability does, as its repeater declares it. Missing ones take the cautious value. */
export interface Annotations {
  readOnly: boolean;
  destructive: boolean;
  idempotent: boolean;
  openWorld: boolean;
  /** Carries data chosen by the agent to a place others can read. */
  egress: boolean;
  /** The output was written by third parties and may hold instructions for the agent. */
  untrustedOutput: boolean;
  /** The output is, or contains, a credential. */
  secretOutput: boolean;
}
export const CAUTIOUS: Annotations = {
  readOnly: false,
  destructive: true,
  idempotent: false,
  openWorld: true,
  egress: false,
  untrustedOutput: false,
  secretOutput: false,
};

/** One thing a call needs permission for: an action and its params. */
export interface Capability {
  /** `<repeater>.<words>`, lower snake, dots. */
  action: string;
  params: Params;
  annotations: Annotations;
  /**
   * Params this call touches without the resolver being able to bound their values (the keys of a recursive copy).
   * A deny rule that tests one of them fires; an allow rule that tests one of them does not match.
   */
  unbounded?: string[];
}

/** A local file a call names. The shim opens it, with the agent's rights, below its working directory. */
export interface FileNeed {
  /** As the command line has it: relative to the caller's cwd, normalised, no `..`. */
  path: string;
  /** `read`: send the content. `stat`: send names, sizes and times only; of a directory without `tree`, of what is directly in it. `write`: accept content for it. */
  use: 'read' | 'stat' | 'write';
  /** The whole tree below `path`. */
  tree: boolean;
}
export interface Needs {
  /** The call reads its standard input. The shim sends none unless this is true. */
  stdin: boolean;
  files: FileNeed[];
}

export interface Tty {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  cols: number;
  rows: number;
  color: boolean;
}

/** CALL from a shim: a command line. */
export interface ToolCall {
  tool: string;
  argv: string[];
  cwd: string;
  facts?: Record<string, string>;
  tty?: Tty;
  timeout_ms?: number;
  /** It would take standard output from a socket of its session's directory. */
  handoff?: boolean;
}
/** CALL from `turret call`: an action by name. */
export interface ActionCall {
  action: string;
  params: Params;
  cwd?: string;
  facts?: Record<string, string>;
  tty?: Tty;
  timeout_ms?: number;
  handoff?: boolean;
}
export type AgentCall = ToolCall | ActionCall;

/** CALL from the broker to a repeater, first phase: what would this be? Nothing may be performed. */
export type ResolveCall = { mode: 'resolve' } & AgentCall;
/** END result of the first phase. */
export type ResolveResult =
  | { capabilities: Capability[]; needs: Needs }
  /** Ask the shim for these by name (`env.AWS_REGION`, `git.remotes`) and resolve again with them. */
  | { facts: string[] }
  /** This command line belongs to another configured repeater of the same tool. */
  | { redirect: string };
/** CALL from the broker to a repeater, second phase: decided and recorded, perform it. */
export interface RunCall {
  mode: 'run';
  /** The call's id in the audit log. */
  call: string;
  capabilities: Capability[];
  needs: Needs;
  tty?: Tty;
  timeout_ms: number;
  /** The caller would take standard output past the broker, and no budget counts it. */
  handoff?: boolean;
}

/** STATUS to the caller: decided, recorded, running; this is what it needs of you. */
export interface Status {
  state: 'running';
  call: string;
  needs: Needs;
}

/** Where standard output is taken from, in STATUS `handoff`: a socket below the session's `streams`, and what to show there. */
export interface HandoffPlace {
  /** HANDOFF_NAME_BYTES: the directory of its repeater, `/`, and its own name. */
  name: string;
  /** HANDOFF_TICKET_BYTES, in base64url. */
  ticket: string;
}

export interface WireError {
  code: WireErrorCode;
  name: WireErrorName;
  /** One sentence: what. */
  message: string;
  /** One sentence: what to do instead. */
  hint?: string;
  /** Facts wanted, with `facts_needed`. */
  facts?: string[];
  /** With `denied`: the rule that said so. */
  rule?: string;
  retry_after_ms?: number;
}
/** What a call cost, where that is counted: tokens of a model, and US dollars where there is a price. */
export interface Usage {
  model?: string;
  input: number;
  /** Of the input, read from a cache; not in `input`. */
  cached: number;
  output: number;
  usd?: number;
  /** Not as the upstream said it. */
  estimated?: boolean;
}
export type End = { usage?: Usage } & (
  | { ok: true; exit: number; signal?: SignalName | 'KILL'; result?: Json }
  | { ok: false; error: WireError }
);

/** One tool or action family a repeater registers. */
export interface RegisteredAction {
  /** `words.words`, without the repeater's name; a final `.**` registers a family that only resolve can name. */
  name: string;
  title?: string;
  description?: string;
  /** JSON Schema subset, see params-schema.ts. */
  params?: JsonObject;
  annotations?: Partial<Annotations>;
  /** Reads stdin. */
  stdin?: boolean;
}
export interface Register {
  repeater: string;
  version: string;
  /** Kind of repeater, for presets (`$kind: aws`). */
  kind: string;
  tools: string[];
  /** The repeater answers `mode: resolve`; without it an action call is taken as it is. */
  resolve: boolean;
  concurrency: number;
  actions: RegisteredAction[];
}
