// Region names. The region decides the host a request goes to, so only names of the real form pass.

import { quote, refuse } from './refuse.js';

const REGION = /^[a-z]{2}(-[a-z]{2,12}){1,3}-\d{1,2}$/;

/** Returns the region name. Throws TurretError('unresolvable') when it has no region's form. */
export function checkRegion(region: string): string {
  return REGION.test(region)
    ? region
    : refuse(`${quote(region)} is not the name of a region`, 'use a name like us-east-1');
}
