// What goes wrong with an upstream, in our own words: its messages, and those of libraries, may hold what we sent.

import { TurretError } from '../../src/errors.js';
import type { HeaderPair } from './headers.js';
import type { Upstream } from './upstreams.js';

const SILENT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const UNREACHABLE = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const CERTIFICATE = /CERT|TLS|SSL|SIGNED|ALTNAME/;
const CUT_OFF = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** No byte of the request has left. */
export function wasNeverSent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && (UNREACHABLE.has(code) || CERTIFICATE.test(code));
}

/** @param error of undici, of a stream, or a TurretError, which stays what it is */
export function upstreamTrouble(error: unknown, { alias, silenceMs, host }: Upstream): unknown {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (error instanceof TurretError || name === 'AbortError') return error;
  const word = typeof code === 'string' ? code : '';
  const what = `the upstream "${alias}"`;
  if (SILENT.has(word))
    return new TurretError('deadline_exceeded', `${what} said nothing for ${silenceMs / 1_000} s`, {
      hints: ['it may have done what was asked; timeout: of the upstream in turret.yaml is how long it has'],
    });
  if (UNREACHABLE.has(word))
    return new TurretError('repeater_error', `${what} cannot be reached at ${host} (${word})`, {
      hints: ['nothing was sent'],
    });
  if (CUT_OFF.has(word))
    return new TurretError('repeater_error', `${what} ended its answer early`, {
      hints: ['it may have done what was asked; look before you repeat it'],
    });
  if (word === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
    return new TurretError('invalid_params', 'the body is not as long as the call says');
  if (name === 'HTTPParserError')
    return new TurretError('repeater_error', `the answer of ${what} is no proper HTTP`, {
      hints: ['it may have done what was asked; look before you repeat it'],
    });
  if (CERTIFICATE.test(word))
    return new TurretError('repeater_error', `the certificate of ${what} does not hold (${word})`, {
      hints: ['nothing was sent; NODE_EXTRA_CA_CERTS names certificates of your own'],
    });
  return new TurretError('repeater_error', `${what} could not be asked (${word || String(name)})`);
}

/** Addresses in the answer that lead to the upstream itself, from its base path on: a client comes back the way it came. */
export function relative(headers: HeaderPair[], { origin, base }: Upstream): HeaderPair[] {
  const start = `${origin}${base}/`;
  return headers.map(([name, value]): HeaderPair => {
    if (name === 'location' && value.startsWith(start)) return [name, value.slice(start.length - 1)];
    return name === 'link' ? [name, value.replaceAll(`<${start}`, '</')] : [name, value];
  });
}
