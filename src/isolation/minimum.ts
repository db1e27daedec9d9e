// `min_isolation` of turret.yaml: the operator's floor. A flag cannot go below it, and `auto` goes no lower; with
// `none` the operator has said beforehand that `auto` may go all the way.

import { TurretError } from '../errors.js';
import { type Enclosure, enclose } from './isolation.js';

type Mode = Parameters<typeof enclose>[0];
type Request = Parameters<typeof enclose>[1];

/** As `enclose`, within the floor. Throws TurretError isolation_unavailable. */
export async function encloseWithin(
  mode: Mode,
  minimum: 'strict' | 'none' | undefined,
  request: Request,
): Promise<Enclosure> {
  if (minimum === 'strict') {
    if (mode === 'none') {
      throw new TurretError(
        'isolation_unavailable',
        'turret.yaml asks for min_isolation: strict, and this run for none',
        {
          hints: ['leave --isolation out, or change min_isolation in turret.yaml'],
        },
      );
    }
    return enclose('strict', request);
  }
  if (mode !== 'auto' || minimum === undefined) return enclose(mode, request);
  try {
    return await enclose(mode, request);
  } catch (error) {
    if (!(error instanceof TurretError) || error.code !== 'isolation_unavailable') throw error;
    const open = await enclose('none', request);
    return { ...open, line: `${open.line} (${error.message}; min_isolation: none allows it)` };
  }
}
