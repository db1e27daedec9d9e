import { TurretError } from '../errors.js';
import { CREDIT_BYTES_MAX } from '../protocol/limits.js';

/** Payload of CREDIT: u32, not 0. */
export function readCredit(payload: Uint8Array): number {
  if (payload.length !== 4) throw new TurretError('protocol_error', 'CREDIT is four bytes');
  const increment = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
  if (increment === 0 || increment > CREDIT_BYTES_MAX)
    throw new TurretError('flow_control', 'credit of no use');
  return increment;
}
