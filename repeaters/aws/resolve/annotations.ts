import type { Annotations } from '../../../src/protocol/messages.js';
import type { AwsOperation } from '../tables/types.js';

/** What an operation does, from the table. An operation the table does not classify is taken for a destructive write. */
export function annotationsOf(operation: AwsOperation): Annotations {
  return {
    readOnly: operation.readOnly,
    destructive: operation.destructive,
    idempotent: operation.readOnly,
    openWorld: true,
    egress: !operation.readOnly,
    untrustedOutput: operation.untrustedOutput,
    secretOutput: operation.secretOutput,
  };
}

/** A command that asks nobody: aws --version. */
export const LOCAL: Annotations = {
  readOnly: true,
  destructive: false,
  idempotent: true,
  openWorld: false,
  egress: false,
  untrustedOutput: false,
  secretOutput: false,
};
