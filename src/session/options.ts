// The command line of `turret run`, read without a framework: this is the path that must start fast.

import { parseArgs } from 'node:util';

import { TurretError } from '../errors.js';
import type { IsolationMode } from '../config/config.js';
import { ISOLATION_MODES } from '../config/shape-file.js';

export interface RunOptions {
  /** The agent's command and its arguments. */
  command: string[];
  configFile?: string;
  isolation?: IsolationMode;
  label?: string;
  /** Names of variables to pass in addition. */
  env: string[];
  /** Names to pass although they look like secrets. */
  envUnsafe: string[];
  quiet: boolean;
}

export const RUN_USAGE =
  'turret run [--config FILE] [--isolation auto|strict|none] [--env NAME] [--quiet] -- COMMAND [ARG…]';

/** Throws TurretError usage. Everything after `--` is the agent's and is not looked at. */
export function parseRunOptions(argv: string[]): RunOptions {
  const split = argv.indexOf('--');
  const ours = split === -1 ? argv : argv.slice(0, split);
  const values = parseOurs(ours);
  if (split === -1 || argv.length === split + 1) {
    throw usage('there is no command to run', `put it after two dashes: ${RUN_USAGE}`);
  }
  const isolation = ISOLATION_MODES.find((mode) => mode === values.isolation);
  if (values.isolation !== undefined && isolation === undefined) {
    throw usage(
      `unknown isolation ${JSON.stringify(values.isolation)}`,
      `one of: ${ISOLATION_MODES.join(', ')}`,
    );
  }
  return {
    command: argv.slice(split + 1),
    ...(values.config === undefined ? {} : { configFile: values.config }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(values.label === undefined ? {} : { label: values.label }),
    env: values.env ?? [],
    envUnsafe: values['env-unsafe'] ?? [],
    quiet: values.quiet ?? false,
  };
}

function parseOurs(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        config: { type: 'string', short: 'c' },
        isolation: { type: 'string' },
        label: { type: 'string' },
        env: { type: 'string', multiple: true },
        'env-unsafe': { type: 'string', multiple: true },
        quiet: { type: 'boolean', short: 'q' },
      },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw usage((error as Error).message.split('\n')[0]?.replace(/\.$/, '') ?? 'bad options', RUN_USAGE);
  }
}

function usage(message: string, hint: string): TurretError {
  return new TurretError('usage', message.charAt(0).toLowerCase() + message.slice(1), { hints: [hint] });
}
