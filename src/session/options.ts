// The command line of `turret run`, read without a framework: this is the path that must start fast.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { TurretError } from '../errors.js';
import { ISOLATION_MODES, type IsolationMode, NETWORK_MODES, type NetworkMode } from '../isolation/levels.js';

export interface RunOptions {
  /** The agent's command and its arguments. */
  command: string[];
  configFile?: string;
  isolation?: IsolationMode;
  net?: NetworkMode;
  /** TCP ports the agent may connect to besides the configured ones. */
  ports: number[];
  label?: string;
  /** Names of variables to pass in addition. */
  env: string[];
  /** Names to pass although they look like secrets. */
  envUnsafe: string[];
  quiet: boolean;
  /** The socket of a server, which then decides and holds the keys. */
  via?: string;
  /** Where the token for it is, instead of TURRET_TOKEN. */
  tokenFile?: string;
  /** The text of the vault's key file, where that came as a descriptor. */
  vaultKey?: string;
}

export const RUN_USAGE =
  'turret run [--config FILE] [--isolation LEVEL] [--net MODE] [--port N] [--env NAME] [--via SOCKET [--token-file FILE]] [--quiet] -- COMMAND [ARG…]';

/** Throws TurretError usage. Everything after `--` is the agent's and is not looked at. */
export function parseRunOptions(argv: string[]): RunOptions {
  const split = argv.indexOf('--');
  const ours = split === -1 ? argv : argv.slice(0, split);
  const { values, positionals } = parseOurs(ours);
  if (positionals.length > 0)
    throw usage(
      `${JSON.stringify(positionals[0])} is no option`,
      'the command and its arguments go after two dashes: turret run -- COMMAND [ARG…]',
    );
  if (split === -1 || argv.length === split + 1) {
    throw usage('there is no command to run', `put it after two dashes: ${RUN_USAGE}`);
  }
  for (const option of ['env', 'env-unsafe'] as const)
    for (const name of values[option] ?? []) requireName(option, name);
  if (values['token-file'] !== undefined && values.via === undefined)
    throw usage('--token-file is for a server, and none is named', 'add --via SOCKET');
  const isolation = oneOf('isolation', ISOLATION_MODES, values.isolation);
  const net = oneOf('net', NETWORK_MODES, values.net);
  return {
    command: argv.slice(split + 1),
    ...(values.config === undefined ? {} : { configFile: values.config }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(net === undefined ? {} : { net }),
    ports: (values.port ?? []).map(portOf),
    ...(values.label === undefined ? {} : { label: values.label }),
    env: values.env ?? [],
    envUnsafe: values['env-unsafe'] ?? [],
    quiet: values.quiet ?? false,
    ...(values.via === undefined ? {} : { via: resolve(values.via) }),
    ...(values['token-file'] === undefined ? {} : { tokenFile: values['token-file'] }),
  };
}

function parseOurs(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        config: { type: 'string', short: 'c' },
        isolation: { type: 'string' },
        net: { type: 'string' },
        port: { type: 'string', multiple: true },
        label: { type: 'string' },
        env: { type: 'string', multiple: true },
        'env-unsafe': { type: 'string', multiple: true },
        quiet: { type: 'boolean', short: 'q' },
        via: { type: 'string' },
        'token-file': { type: 'string' },
      },
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw usage((error as Error).message.split('\n')[0]?.replace(/\.$/, '') ?? 'bad options', RUN_USAGE);
  }
}

function oneOf<Word extends string>(
  option: string,
  words: readonly Word[],
  value: string | undefined,
): Word | undefined {
  if (value === undefined) return undefined;
  const word = words.find((known) => known === value);
  if (word !== undefined) return word;
  throw usage(`unknown ${option} ${JSON.stringify(value)}`, `one of: ${words.join(', ')}`);
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw usage(`${JSON.stringify(text)} is no port`, 'a number from 1 to 65535');
}

// Elsewhere it takes a value too. That one may be a secret, and is not repeated.
function requireName(option: string, text: string): void {
  const [name = ''] = text.split('=', 1);
  if (name !== text && name !== '')
    throw usage(
      `--${option} takes the name of a variable, without a value`,
      `set it before: ${name}=… turret run --${option} ${name} -- COMMAND`,
    );
  if (text === '') throw usage(`--${option} takes the name of a variable`, RUN_USAGE);
}

function usage(message: string, hint: string): TurretError {
  return new TurretError('usage', message.charAt(0).toLowerCase() + message.slice(1), { hints: [hint] });
}
