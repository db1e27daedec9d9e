// `turret token attenuate`: a token with fewer rights, printed once or given to one command and dead when that ends.

import { parseArgs } from 'node:util';

import { escapeJson } from '../audit/escape.js';
import { TurretError } from '../errors.js';
import { BrokerConnection } from './broker-connection.js';
import { type Child, type Part, askAboutTokens, delegate } from './delegate.js';
import { dieBySignal, exit } from './die.js';
import { locate } from './locate.js';
import { parseCount, parseGrantWords, parseTtl } from './token-options.js';
import { type CommandEnd, runWithToken } from './with-token.js';

export const ATTENUATE_USAGE =
  'turret token attenuate --allow "ACTION [NAME=VALUE…]" [--where NAME=VALUE] [--ttl 15m] [--calls N] [--label NAME] [--json] [-- COMMAND [ARG…]]';

/**
 * The whole command. `program` is what this process was called as, beside which the session's token may lie. Ends the process
 * as the command behind `--` ended. Throws TurretError usage, not_in_session, and what the broker refuses with.
 */
export async function attenuate(argv: string[], program: string | undefined): Promise<void> {
  const split = argv.indexOf('--');
  const command = split === -1 ? undefined : argv.slice(split + 1);
  const { part, json } = parsePart(split === -1 ? argv : argv.slice(0, split), command);
  const located = locate({ env: process.env, program, uid: process.getuid?.() ?? -1 });
  const connection = await BrokerConnection.open({ ...located, client: 'turret token attenuate' });
  try {
    const child = await delegate(connection, located.token, part);
    if (command === undefined)
      process.stdout.write(json ? `${escapeJson(JSON.stringify(child, null, 2))}\n` : `${child.token}\n`);
    else end(await runUntilDead(connection, child, { command, program }));
  } finally {
    connection.close();
  }
}

async function runUntilDead(
  connection: BrokerConnection,
  { token, kid }: Child,
  { command, program }: { command: string[]; program: string | undefined },
): Promise<CommandEnd> {
  try {
    return await runWithToken(command, token, program);
  } finally {
    // Closing the connection would do. This way it is dead before anybody hears that the command has ended.
    await askAboutTokens(connection, 'revoke', { kid }).catch(() => {});
  }
}

function end({ code, signal }: CommandEnd): void {
  if (signal === undefined) exit(code);
  else dieBySignal(signal);
}

function parsePart(argv: string[], command: string[] | undefined): { part: Part; json: boolean } {
  const values = optionsOf(argv);
  if (command?.length === 0) throw usage('there is no command after the two dashes');
  if (command !== undefined && values.json === true)
    throw usage('with a command the token is not printed, so --json has nothing to say');
  return {
    json: values.json === true,
    part: {
      label:
        values.label ??
        command?.[0]
          ?.split('/')
          .at(-1)
          ?.replaceAll(/[^A-Za-z0-9_.-]/g, '-') ??
        'child',
      grants: parseGrantWords(values.allow ?? [], values.where ?? []),
      ...(values.ttl === undefined ? {} : { ttlMs: parseTtl(values.ttl) }),
      ...(values.calls === undefined ? {} : { maxCalls: parseCount('calls', values.calls) }),
      whileConnected: command !== undefined,
    },
  };
}

function optionsOf(args: string[]) {
  const options = {
    allow: { type: 'string', multiple: true },
    where: { type: 'string', multiple: true },
    ttl: { type: 'string' },
    calls: { type: 'string' },
    label: { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [what = 'bad options'] = (error as Error).message.split('\n');
    throw usage(what.charAt(0).toLowerCase() + what.slice(1).replace(/\.$/, ''));
  }
}

function usage(message: string): TurretError {
  return new TurretError('usage', message, { hints: [ATTENUATE_USAGE] });
}
