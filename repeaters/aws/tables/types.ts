// Shapes of the generated tables. scripts/aws-tables.py writes them from the installed CLI's own models; nothing here comes from an agent.

/** How one value of an option is written and whether it may name a file. */
export type OptionType =
  | 'string'
  | 'number'
  | 'timestamp'
  /** A structure, map or document as one word: JSON or shorthand. */
  | 'structure'
  /** Bytes given inline (`fileb://` allowed). */
  | 'blob'
  /** Bytes that the CLI opens itself: the value is a plain path. */
  | 'read'
  /** A plain path the CLI writes to. */
  | 'write';

export interface AwsOption {
  /** Long name without dashes: `instance-ids`. */
  name: string;
  /** `flag`: no value. `one`: one word. `many`: words up to the next option. `pair`: exactly two. `maybe`: none or one. */
  arity: 'flag' | 'one' | 'many' | 'pair' | 'maybe';
  type: OptionType;
  /** Only with arity flag: `--no-<name>` exists as well. */
  negatable: boolean;
  required: boolean;
  /** Given as a bare word (`outfile`), in the order of the table. */
  positional: boolean;
  /** The CLI never loads this value from a file or a URL, so it may begin with `https://`. */
  literal: boolean;
  /** The only values the CLI takes. */
  choices?: string[];
}

export interface AwsOperation {
  /** Name of the CLI command: `describe-instances`. */
  command: string;
  /** Name in the model: `DescribeInstances`. */
  api: string;
  /** Verb and IAM access level both say read, and the output is no credential. */
  readOnly: boolean;
  /** The output is or contains a credential. */
  secretOutput: boolean;
  destructive: boolean;
  /** The output was written by other people: objects, messages, log lines. */
  untrustedOutput: boolean;
  options: AwsOption[];
}

export interface AwsWaiter {
  /** Command of the polled operation in the same service. */
  polls: string;
  options: AwsOption[];
}

/** One word of `aws <service>`. */
export interface AwsService {
  /** The word: `s3api`, `configservice`. */
  command: string;
  /** The service model it speaks: `s3`, `config`. */
  model: string;
  operations: Record<string, AwsOperation>;
  waiters: Record<string, AwsWaiter>;
  /** Commands written by hand in the CLI, longest word list: `['logs', 'tail']` is `tail`. */
  custom: Record<string, AwsCustom>;
}
export interface AwsCustom {
  subcommands: Record<string, AwsCustom>;
  options: AwsOption[];
}

/** How one service looks on the wire. Key letters are kept short: the whole set is one file. */
export interface WireService {
  /** Protocol: json, rest-json, rest-xml, query, ec2, smithy-rpc-v2-cbor. */
  p: string;
  /** Every protocol the model offers, when there is more than `p`. */
  ps?: string[];
  /** Signing name (third word of the credential scope). */
  sn: string;
  /** Endpoint prefix. */
  ep: string;
  /** Service id. */
  id: string;
  /** X-Amz-Target prefix. */
  t?: string;
  /** Operations of the protocols that name the operation in the request. */
  o?: string[];
  /** REST: method, path template with fixed query markers, operation, members that must be there (`q:name`, `h:name`). */
  r?: [method: string, uri: string, operation: string, required?: string[]][];
  /** Operations with a host prefix: operation, prefix template. */
  hp?: [operation: string, prefix: string][];
  /** Event streams: operation, direction. */
  ev?: [operation: string, direction: 'input' | 'output'][];
  /** Operations that are not signed. */
  u?: string[];
  /** Operations that are signed without their body. */
  up?: string[];
  /** Bearer authentication offered: `*` or operations. */
  b?: string | string[];
}

/** Signing name to host templates; `{r}` stands for the region of the credential scope. */
export type HostTable = Record<string, string[]>;

export interface AwsTables {
  /** Version of the table that is used, and of the CLI it was asked for. */
  readonly version: string;
  readonly askedFor: string;
  readonly major: 1 | 2;
  /** Words of `aws <word>` that exist. */
  services(): string[];
  service(command: string): AwsService | undefined;
  operation(service: string, operation: string): AwsOperation | undefined;
  /** Hand-written command by its words, `['logs', 'tail']`. */
  custom(words: string[]): AwsCustom | undefined;
  /** Service models, for the wire. */
  models(): string[];
  routes(model: string): WireService | undefined;
  /** Models that sign with this name. */
  signedAs(signingName: string): string[];
  hosts(): HostTable;
}
