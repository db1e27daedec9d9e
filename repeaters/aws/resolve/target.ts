// What the first words of a command line name. Only what the table of the installed CLI has, and only what can be bounded.

import type { AwsOperation, AwsOption, AwsTables } from '../tables/types.js';
import { refuseCommand } from './refused-commands.js';
import { quote, refuse } from './refuse.js';

export type Target =
  | { kind: 'operation'; service: string; operation: AwsOperation; options: AwsOption[] }
  | { kind: 'waiter'; service: string; waiter: string; operation: AwsOperation; options: AwsOption[] }
  | { kind: 's3'; subcommand: string; options: AwsOption[] }
  | { kind: 'logs-tail'; options: AwsOption[] };

/** Words a command has before its options begin: `ec2 wait NAME` has three. */
export function wordsWanted(words: string[]): number {
  return words[1] === 'wait' ? 3 : 2;
}

/** Refuses a first word that is no service, before more of the line is read. */
export function checkService(word: string, tables: AwsTables): void {
  refuseCommand([word]);
  if (tables.service(word) === undefined) {
    refuse(
      `aws has no service ${quote(word)}`,
      `the command table is that of aws ${tables.version}; aliases are not followed`,
    );
  }
}

/** The command `words` name. Throws TurretError('unresolvable') for everything unknown, local or unbounded. */
export function findTarget(words: string[], tables: AwsTables): Target {
  refuseCommand(words);
  const [service = '', command = '', third = ''] = words;
  const known = tables.service(service);
  if (command === 'wait' && known !== undefined) return waiterTarget(service, third, tables);
  const operation = tables.operation(service, command);
  if (operation !== undefined) return { kind: 'operation', service, operation, options: operation.options };
  const custom = tables.custom(words);
  if (custom !== undefined && service === 's3')
    return { kind: 's3', subcommand: command, options: custom.options };
  if (custom !== undefined && service === 'logs' && command === 'tail')
    return { kind: 'logs-tail', options: custom.options };
  if (custom !== undefined) {
    return refuse(
      `aws ${service} ${command} does several things of its own that Turret cannot check`,
      `use the operations of aws ${service} that it is made of`,
    );
  }
  return refuse(
    `aws ${service} has no operation ${quote(command)}`,
    `the command table is that of aws ${tables.version}; names are exact`,
  );
}

function waiterTarget(service: string, waiter: string, tables: AwsTables): Target {
  const waiters = tables.service(service)?.waiters ?? {};
  const found = Object.hasOwn(waiters, waiter)
    ? waiters[waiter]!
    : refuse(`aws ${service} has no waiter ${quote(waiter)}`, 'names are exact');
  const operation = tables.operation(service, found.polls);
  if (operation === undefined)
    return refuse(
      `the operation behind this waiter is not known`,
      `poll with a describe operation of aws ${service}`,
    );
  return { kind: 'waiter', service, waiter, operation, options: found.options };
}
