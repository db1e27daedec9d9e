// Between the CLI's words and the names of actions and params. `s3api` and `s3` are one service to a policy.

import { RESERVED_PARAMS } from './globals.js';

export const snake = (name: string): string => name.replaceAll('-', '_').toLowerCase();
export const kebab = (name: string): string => name.replaceAll('_', '-');

/** `prod`, `s3api`, `list-buckets` → `prod.s3.list_buckets`. */
export function actionName(repeater: string, service: string, operation: string): string {
  return `${repeater}.${snake(service === 's3api' ? 's3' : service)}.${snake(operation)}`;
}

/** Service and operation words of the default route of an action; undefined when it is not of this repeater. */
export function wordsOf(repeater: string, action: string): [service: string, operation: string] | undefined {
  const [name, service, operation, ...more] = action.split('.');
  if (name !== repeater || service === undefined || operation === undefined || more.length > 0)
    return undefined;
  return [service === 's3' ? 's3api' : kebab(service), kebab(operation)];
}

/** Param that carries an operation's option. `command` is Turret's own, so `glue create-job --command` is `command_option`. */
export function paramName(option: string): string {
  const name = snake(option);
  return RESERVED_PARAMS.has(name) ? `${name}_option` : name;
}
