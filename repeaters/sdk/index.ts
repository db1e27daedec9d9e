// What a TypeScript repeater imports, as `turret/repeater`.

export { TurretError } from '../../src/errors.js';
export type {
  AgentCall,
  Annotations,
  Capability,
  Needs,
  Params,
  RegisteredAction,
  ResolveResult,
} from '../../src/protocol/messages.js';
export {
  type FileEntry,
  type FileHeader,
  readFileEntries,
  writeFileEntry,
} from '../../src/wire/file-stream.js';
export { serve } from './serve.js';
export type { Repeater, RepeaterSecrets, Run, RunResult } from './types.js';
