// What a caller is told when nobody answers, or an answer breaks off.

import { TurretError } from '../errors.js';
import { ERROR_CODES, type WireErrorName } from '../protocol/codes.js';

/** Why a stream was reset: payload u32 code. */
export function errorFromReset(payload: Uint8Array): TurretError {
  const code = payload.length === 4 ? new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0) : 0;
  const name =
    (Object.keys(ERROR_CODES) as WireErrorName[]).find((known) => ERROR_CODES[known] === code) ?? 'internal';
  if (name === 'token_revoked') {
    return new TurretError(name, 'the call was cut off: the token of this session was revoked', {
      hints: ['retrying will not help; a human has to start a new `turret run`'],
    });
  }
  return new TurretError(name, `the call was cut off (${name.replaceAll('_', ' ')})`);
}

export function brokerGone(why = 'the session is over or its broker died'): TurretError {
  return new TurretError('broker_gone', `the broker of this session cannot be reached: ${why}`, {
    hints: ['retrying will not help; start a new `turret run`'],
  });
}
