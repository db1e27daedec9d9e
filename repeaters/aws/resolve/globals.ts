// Global options of the CLI. Exact names only: the CLI itself also takes any unambiguous prefix, which is how `--endp` redirects
// a signed request (attack aws-endpoint-03). What is absent from the table is refused.

import type { ParamValue } from '../../../src/protocol/messages.js';
import { checkRegion } from './region.js';
import { quote, refuse } from './refuse.js';

export interface GlobalOption {
  /** Param name; undefined: accepted and without effect (our environment already does it). */
  param: string | undefined;
  takesValue: boolean;
  major: 1 | 2 | 'both';
  check?: (value: string) => ParamValue;
}

const oneOf = (name: string, values: string[]) => (value: string) =>
  values.includes(value)
    ? value
    : refuse(`${quote(value)} is no value of ${name}`, `use one of ${values.join(', ')}`);
const seconds = (value: string): string =>
  /^\d{1,5}$/.test(value)
    ? value
    : refuse('a timeout is a whole number of seconds', 'for example --cli-read-timeout 60');

export const OUTPUTS = ['json', 'text', 'table', 'yaml', 'yaml-stream'];

const GLOBALS: Record<string, GlobalOption> = {
  region: { param: 'region', takesValue: true, major: 'both', check: checkRegion },
  output: { param: 'output', takesValue: true, major: 'both', check: oneOf('--output', OUTPUTS) },
  query: { param: 'query', takesValue: true, major: 'both' },
  profile: { param: 'profile', takesValue: true, major: 'both' },
  'no-paginate': { param: 'paginate', takesValue: false, major: 'both' },
  color: { param: 'color', takesValue: true, major: 'both', check: oneOf('--color', ['on', 'off', 'auto']) },
  'cli-read-timeout': { param: 'cli_read_timeout', takesValue: true, major: 'both', check: seconds },
  'cli-connect-timeout': { param: 'cli_connect_timeout', takesValue: true, major: 'both', check: seconds },
  'cli-binary-format': {
    param: 'cli_binary_format',
    takesValue: true,
    major: 2,
    check: oneOf('--cli-binary-format', ['base64', 'raw-in-base64-out']),
  },
  'no-cli-pager': { param: undefined, takesValue: false, major: 2 },
  'no-cli-auto-prompt': { param: undefined, takesValue: false, major: 2 },
};

/** Params that hold global options, in the order they are written when argv is rebuilt. */
export const GLOBAL_PARAMS: Record<string, string> = Object.fromEntries(
  Object.entries(GLOBALS).flatMap(([name, { param }]) =>
    param === undefined || param === 'profile' ? [] : [[param, name]],
  ),
);
/** Param names no operation option may take: they would be mistaken for what Turret itself puts there. */
export const RESERVED_PARAMS = new Set([...Object.keys(GLOBAL_PARAMS), 'command', 'tz', 'profile']);

const REFUSED: Record<string, string> = {
  'endpoint-url': 'the endpoint belongs to the operator: set `endpoint` of this repeater in turret.yaml',
  'no-verify-ssl': 'leave it out: certificates are always verified',
  'ca-bundle': 'leave it out: Turret brings the certificates this call needs',
  'no-sign-request': 'leave it out: every call is signed with the repeater’s credential',
  debug: 'leave it out: debug output shows signed headers',
  'v2-debug': 'leave it out',
  'cli-input-json': 'give every parameter as an option of its own, so that policy can see it',
  'cli-input-yaml': 'give every parameter as an option of its own, so that policy can see it',
  'generate-cli-skeleton': 'run it outside Turret: it needs no credential',
  'cli-auto-prompt': 'leave it out: there is nobody to prompt',
  'predict-endpoint': 'it sends the signed request to any host; there is no safe form of it',
  version: 'run: aws --version',
  help: 'run `aws help` outside Turret: it needs no credential',
};

/** The global option of this exact name, or undefined when it is none. Throws for the ones that are never passed on. */
export function globalOption(name: string, major: 1 | 2): GlobalOption | undefined {
  if (Object.hasOwn(REFUSED, name)) refuse(`--${name} is never passed on`, REFUSED[name]!);
  const found = Object.hasOwn(GLOBALS, name) ? GLOBALS[name]! : undefined;
  return found !== undefined && (found.major === 'both' || found.major === major) ? found : undefined;
}
