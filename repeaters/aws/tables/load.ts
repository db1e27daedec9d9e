// Opens the generated tables of one CLI version. Everything is lazy: the index is read once, a service when it is first named.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../../../src/installation.js';
import { mergeRoutes } from './merge-routes.js';
import { readMember, type MemberIndex } from './member-file.js';
import { decodeOptions } from './options.js';
import { returnsMoreSecrets } from './secret-outputs.js';
import type {
  AwsCustom,
  AwsOperation,
  AwsService,
  AwsTables,
  AwsWaiter,
  HostTable,
  WireService,
} from './types.js';
import { nearestVersion } from './version.js';

interface TableIndex {
  awscli: string;
  botocore: string;
  services: MemberIndex;
  models: Record<string, [number, number, string]>;
}
type PackedOperation = [api: string, flags: string, options: string];
interface PackedCustom {
  a: string;
  c?: Record<string, PackedCustom>;
}
interface PackedService {
  n: string;
  m: string;
  o: Record<string, PackedOperation>;
  w: Record<string, [polls: string, options: string]>;
  c: Record<string, PackedCustom>;
}

/** The directory with the generated tables. */
export const tablesDirectory = (): string => installed('repeaters/aws/tables');

/**
 * Tables for the CLI `version` ("2.9.19"): exact, else the nearest older one of the same major version.
 * Throws TurretError('unresolvable') when none fits.
 */
export function loadTables(version: string, directory: string = tablesDirectory()): AwsTables {
  const available = readdirSync(directory).filter((name) => existsSync(join(directory, name, 'index.json')));
  const found = nearestVersion(version, available);
  return new LazyTables({ askedFor: version, version: found, directory, available });
}

class LazyTables implements AwsTables {
  readonly version: string;
  readonly askedFor: string;
  readonly major: 1 | 2;
  readonly #directory: string;
  /** Directories of the other versions' tables. */
  readonly #others: string[];
  readonly #index: TableIndex;
  readonly #services = new Map<string, AwsService>();
  readonly #routes = new Map<string, WireService>();
  #hosts: HostTable | undefined;

  constructor({
    askedFor,
    version,
    directory,
    available,
  }: {
    askedFor: string;
    version: string;
    directory: string;
    available: string[];
  }) {
    this.askedFor = askedFor;
    this.version = version;
    this.major = version.startsWith('2.') ? 2 : 1;
    this.#directory = join(directory, version);
    this.#others = available.filter((name) => name !== version).map((name) => join(directory, name));
    this.#index = readIndex(this.#directory);
  }

  services(): string[] {
    return Object.keys(this.#index.services);
  }

  service(command: string): AwsService | undefined {
    const known = this.#services.get(command);
    if (known !== undefined) return known;
    const text = readMember(join(this.#directory, 'commands.gz'), this.#index.services, command);
    if (text === undefined) return undefined;
    const packed: PackedService = JSON.parse(text);
    const service = unpackService(packed);
    this.#services.set(command, service);
    return service;
  }

  operation(service: string, operation: string): AwsOperation | undefined {
    return own(this.service(service)?.operations, operation);
  }

  custom(words: string[]): AwsCustom | undefined {
    const [first, ...rest] = words;
    const service = first === undefined ? undefined : this.service(first);
    if (service === undefined) return undefined;
    const top = own(service.custom, '');
    let level: Record<string, AwsCustom> = top === undefined ? service.custom : top.subcommands;
    let found = rest.length === 0 ? top : undefined;
    for (const word of rest) {
      found = own(level, word);
      if (found === undefined) return undefined;
      level = found.subcommands;
    }
    return found;
  }

  models(): string[] {
    return Object.keys(this.#index.models);
  }

  routes(model: string): WireService | undefined {
    const known = this.#routes.get(model);
    if (known !== undefined) return known;
    const own = readWire(this.#directory, this.#index, model);
    if (own === undefined) return undefined;
    const others = this.version === this.askedFor ? [] : this.#others;
    const found = others
      .map((directory) => readWire(directory, readIndex(directory), model))
      .filter((other) => other !== undefined)
      .reduce(mergeRoutes, own);
    this.#routes.set(model, found);
    return found;
  }

  signedAs(signingName: string): string[] {
    return this.models().filter((model) => this.#index.models[model]?.[2] === signingName);
  }

  hosts(): HostTable {
    this.#hosts ??= mergeHosts(
      [this.#directory, ...this.#others].map((directory): HostTable =>
        JSON.parse(readFileSync(join(directory, 'hosts.json'), 'utf8')),
      ),
    );
    return this.#hosts;
  }
}

function readIndex(directory: string): TableIndex {
  const index: TableIndex = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
  return index;
}

function readWire(directory: string, { models }: TableIndex, model: string): WireService | undefined {
  const text = readMember(join(directory, 'wire.gz'), models, model);
  if (text === undefined) return undefined;
  const service: WireService = JSON.parse(text);
  return service;
}

/** Every host of AWS that any table knows: the names are AWS's own, and a CLI newer than its table may need a newer one. */
function mergeHosts(tables: HostTable[]): HostTable {
  const merged: HostTable = {};
  for (const [name, hosts] of tables.flatMap((table) => Object.entries(table)))
    merged[name] = [...new Set([...(merged[name] ?? []), ...hosts])];
  return merged;
}

/** Names come from an agent: `constructor` must not find Object.prototype. */
function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Options are decoded when an operation is first looked at; ec2 alone has more than 700 of them. */
function lazily<P, T extends object>(
  packed: Record<string, P>,
  unpack: (name: string, value: P) => T,
): Record<string, T> {
  const out: Record<string, T> = {};
  for (const [name, value] of Object.entries(packed)) {
    let made: T | undefined;
    Object.defineProperty(out, name, { enumerable: true, get: () => (made ??= unpack(name, value)) });
  }
  return out;
}

function unpackService(packed: PackedService): AwsService {
  return {
    command: packed.n,
    model: packed.m,
    operations: lazily(packed.o, (command, operation) => unpackOperation(packed.n, command, operation)),
    waiters: lazily(packed.w, (_name, [polls, options]): AwsWaiter => ({
      polls,
      options: decodeOptions(options),
    })),
    custom: lazily(packed.c, (_name, custom) => unpackCustom(custom)),
  };
}

function unpackOperation(
  service: string,
  command: string,
  [api, flags, options]: PackedOperation,
): AwsOperation {
  const secretOutput = flags.includes('s') || returnsMoreSecrets(service, command);
  return {
    command,
    api,
    readOnly: flags.includes('r') && !secretOutput,
    secretOutput,
    destructive: flags.includes('d'),
    untrustedOutput: flags.includes('u'),
    options: decodeOptions(options),
  };
}

function unpackCustom(packed: PackedCustom): AwsCustom {
  return {
    options: decodeOptions(packed.a),
    subcommands: lazily(packed.c ?? {}, (_name, child) => unpackCustom(child)),
  };
}
