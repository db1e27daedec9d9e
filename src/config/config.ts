// What the configuration comes to, from all its files.

import type { IsolationMode, Level, NetworkMode } from '../isolation/levels.js';
import type { LlmApi } from '../llm/ask.js';
import type { Prices } from '../llm/price.js';
import type { Layer, Policy } from '../policy/rule.js';
import type { PolicyTest } from '../policy/self-test.js';
import type { GatewayRoute } from '../protocol/agent-directory.js';
import type { RegisteredAction } from '../protocol/messages.js';
import type { DeclaredCli } from './declared.js';
import type { ManifestProfile } from './manifest.js';
import type { REDACT_MODES, SANDBOX_MODES, ZYGOTE_MODES } from './shape-repeaters.js';

export type SandboxMode = (typeof SANDBOX_MODES)[number];
export type ZygoteMode = (typeof ZYGOTE_MODES)[number];
export type RedactMode = (typeof REDACT_MODES)[number];

export interface SandboxConfig {
  /** Paths it may see, and change: absolute, `~/…`, or from the manifest's directory. */
  read?: string[];
  write?: string[];
  net?: 'open' | 'none';
}

/** One upstream of an http repeater, complete. */
export interface UpstreamConfig {
  /** `https://host[:port]`, or http on loopback. */
  origin: string;
  /** Put before every path; empty, or `/…` without a slash at the end. */
  base: string;
  /** `bearer`, `basic`, `none`, `header:NAME` or `query:NAME`. */
  auth: string;
  /** Where the secret is; absent for `none`. */
  secret?: string;
  api?: LlmApi;
  /** Names of headers an agent may set besides the usual ones. */
  headers?: string[];
  /** The most a model may write for one request. */
  max_tokens?: number;
  prices?: Prices;
  /** Seconds without a byte after which it is given up. */
  timeout?: number;
}

/** One database of a db repeater. */
export interface DatabaseConfig {
  /** Its file; relative to the directory of turret.yaml, or `~/…`. Else `postgres`, `database` and `user` are there. */
  sqlite?: string;
  /** A host, or the absolute directory of a Unix socket. */
  postgres?: string;
  port?: number;
  database?: string;
  user?: string;
  /** Where its password is. */
  secret?: string;
  tls?: 'verify' | 'off';
  /** Path of the authority its certificate is from. */
  ca?: string;
  write?: boolean;
  allow_superuser?: boolean;
  /** Seconds. */
  timeout?: number;
  max_rows?: number;
  max_bytes?: number;
}

export interface RepeaterConfig extends DeclaredCli {
  /** First word of its actions. */
  name: string;
  kind: string;
  /** `env`, `auto`, `profile:NAME`, or where a secret is: `vault:NAME`, `cmd:…` (src/vault/reference.ts). */
  credentials?: string;
  region?: string;
  output?: string;
  host?: string;
  endpoint?: string;
  profiles?: string[];
  /** Absolute path of the real program. */
  cli?: string;
  command?: string[];
  profile?: ManifestProfile;
  /** Names of variables, never values. */
  secrets?: string[];
  /** Of those, the ones that are not variables of the user's: where each is. */
  secretSources?: Record<string, string>;
  tools?: string[];
  actions?: RegisteredAction[];
  /** Unix user it runs as: a name or a number. */
  user?: string | number;
  /** Whether its program is shut in, `auto` when left out; for one of one's own, also what it reaches, and then it has to be. */
  sandbox?: SandboxMode | SandboxConfig;
  /** Of an aws repeater; `auto` when left out. */
  zygote?: ZygoteMode;
  /** Whether standard output is looked through for its secrets; `auto` when left out. */
  redact?: RedactMode;
  manifest?: string;
  /** Of an http repeater. */
  upstreams?: Record<string, UpstreamConfig>;
  /** Of a db repeater. */
  databases?: Record<string, DatabaseConfig>;
  /** Directory of the file that says this; relative paths start there. Absent for the repeaters that are there without a file. */
  directory?: string;
}

/** One file that was read. */
export interface ConfigSource {
  layer: Layer;
  file: string;
  /** Hex, of the bytes as read. */
  sha256: string;
  bytes: number;
}

export interface Config {
  isolation: IsolationMode;
  min_isolation?: Level;
  /** Absent: the best this machine can hold. */
  net?: NetworkMode;
  /** Whom the agent runs as at level `uid`. */
  agent_user?: string;
  /** TCP ports the agent may connect to besides the usual ones. */
  ports: number[];
  env: { pass: string[]; unsafe: string[] };
  home: { allow: string[] };
  /** What the agent's programs reach at a base URL: the alias, and the action it stands for (`http.openai`). */
  gateway: GatewayRoute[];
  repeaters: Record<string, RepeaterConfig>;
  /** All layers together, ready to be handed to the broker as JSON. */
  policy: Policy;
  /** Names of the presets that apply. */
  presets: string[];
  tests: PolicyTest[];
  /** Files, in the order of layers. Empty when the built-in presets apply because there is no file. */
  sources: ConfigSource[];
}

/** Kind of the repeater that owns an action; an unknown repeater is taken to be of the kind it is called after. */
export function kindOf(config: Pick<Config, 'repeaters'>, action: string): string {
  const name = action.split('.', 1)[0] ?? '';
  return (Object.hasOwn(config.repeaters, name) ? config.repeaters[name]?.kind : undefined) ?? name;
}
