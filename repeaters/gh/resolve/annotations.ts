import type { Annotations } from '../../../src/protocol/messages.js';
import type { GhClass } from '../types.js';

/** What a class of command does, for policy. Reading is only what the classification calls a pure read. */
export function annotate(kind: GhClass): Annotations {
  const network = kind !== 'local';
  const reading = kind === 'read' || kind === 'local';
  return {
    readOnly: reading,
    destructive: kind === 'destructive' || kind === 'unknown',
    idempotent: reading || kind === 'download',
    openWorld: network,
    egress: kind === 'write' || kind === 'destructive',
    untrustedOutput: network,
    secretOutput: kind === 'credential',
  };
}

/** `pr list` is `gh.pr.list`, `release delete-asset` is `gh.release.delete_asset`. */
export function actionName(name: string, command: string): string {
  return `${name}.${snake(command).replaceAll(' ', '.')}`;
}

export function snake(long: string): string {
  return long.replaceAll('-', '_');
}
