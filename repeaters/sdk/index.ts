// What a repeater written in TypeScript imports: `import { serve } from 'turret/repeater'`.

export { TurretError } from '../../src/errors.js';
export { serve } from './serve.js';
export type { Repeater, RepeaterSecrets, Run, RunResult } from './types.js';
