// Shapes that the resolver, the plan and the injector of the gh repeater share.

import type { LocalFile } from '../sdk/private-files.js';

/** `csv` is pflag's StringSlice (commas separate), `array` its StringArray (each use is one value). */
type FlagType = 'bool' | 'int' | 'string' | 'csv' | 'array';

export interface GhFlag {
  type: FlagType;
  short?: string;
  /** The value is a path of the caller; `field` is `key=value` where `@path` reads a file. */
  file?: 'read' | 'write' | 'field';
  /** Never: what to do instead. */
  refuse?: string;
}

export interface GhPositional {
  name: string;
  kind: 'issue' | 'pull' | 'gist' | 'file' | 'text' | 'word' | 'number' | 'repo' | 'query';
  required?: boolean;
  many?: boolean;
}

export type GhClass =
  | 'read'
  | 'download'
  | 'write'
  | 'destructive'
  | 'credential'
  | 'local'
  | 'api'
  | 'unknown';

/** One subcommand: its flags from gh's own help, the rest from tables/classes.json. */
export interface GhCommand {
  class: GhClass;
  refuse?: string;
  flags: Record<string, GhFlag>;
  positionals?: GhPositional[];
  /** How the command finds its repository when it is not `-R` or a positional. */
  repo?: 'search' | 'filter';
  /** Flags that make it a command about an organization or the user, so that no repository is asked for. */
  repo_unless?: string[];
  /** Flags whose value is a search query that gh joins with `repo:`. */
  search_flags?: string[];
  stdin?: 'always' | 'no positional';
  stdin_flags?: string[];
  /** What it may do on the wire: GraphQL mutation roots, writes below /repos/<repo>, other REST routes, query roots. */
  mutations?: string[];
  writes?: string[];
  routes?: string[];
  queries?: string[];
}

export interface GhTable {
  version: string;
  groups: Record<string, string[]>;
  commands: Record<string, GhCommand>;
}

/** What resolving depends on besides the call. */
export interface GhContext {
  /** Configured name of the repeater: first word of every action. */
  name: string;
  /** The one host, `github.com` or an enterprise host. */
  host: string;
  table: GhTable;
}

/** What gh may say on the wire during one approved call. Everything else is answered 403 by the injector. */
export interface GhWireAllowance {
  /** `owner/name`, lower case. */
  repos: string[];
  /** `METHOD /path` with `*` for one segment and a final `**` for the rest; `{repo}` stands for each of `repos`. */
  routes: string[];
  /** Mutation roots. */
  mutations: string[];
  /** Query roots besides `repository` of one of `repos`. */
  queries: string[];
  /** A search must name one of `repos` and nothing wider. */
  searchScoped: boolean;
  /** `gh api graphql`: this document and these variables, no other. */
  graphql?: { query: string; variables: Record<string, unknown>; operationName?: string; paginate: boolean };
}

export interface GhPlan {
  /** Without `gh`. File words name copies below the private working directory. */
  argv: string[];
  env: Record<string, string>;
  /** What a question to `git` is answered, when gh asks for the branch. */
  branch?: string;
  allow: GhWireAllowance[];
  files: LocalFile[];
  /** No credential and no network. */
  local: boolean;
}
