import type { ServerResponse } from 'node:http';
import type { WireRequest } from './wire.js';

/**
 * Something to go wrong on purpose, before or while answering. Each applies to the next `times` matching requests.
 * `unavailable` answers 503; `hang` never answers; `half-body` sends half of the declared bytes and cuts the connection.
 */
export interface AwsFault {
  readonly kind: 'unavailable' | 'hang' | 'half-body';
  times: number;
  readonly method?: string;
  /** Must be contained in the encoded path. */
  readonly path?: string;
}

/** Takes the first fault that matches and uses one of its times up. */
export function takeFault(faults: readonly AwsFault[], wire: WireRequest): AwsFault['kind'] | undefined {
  const fault = faults.find(
    (one) =>
      one.times > 0 &&
      (one.method === undefined || one.method === wire.method) &&
      (one.path === undefined || wire.path.includes(one.path)),
  );
  if (fault === undefined) return undefined;
  fault.times -= 1;
  return fault.kind;
}

/** Half the bytes, then a cut: what a client sees when the network goes away. */
export function sendHalf(response: ServerResponse, bytes: Buffer): void {
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
}
