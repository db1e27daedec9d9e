// One S3 operation of a high-level command, as a capability.

import type { Capability, Params } from '../../../../src/protocol/messages.js';
import { annotationsOf } from '../annotations.js';
import type { AwsContext } from '../context.js';
import { actionName } from '../names.js';

/** A capability for `operation` of s3api. `unbounded` says that the keys are not known beforehand. */
export function s3Capability(
  context: AwsContext,
  operation: string,
  params: Params,
  unbounded = false,
): Capability {
  const known = context.tables.operation('s3api', operation);
  if (known === undefined) throw new TypeError(`the tables have no s3api ${operation}`);
  return {
    action: actionName(context.name, 's3api', operation),
    params: { ...params },
    annotations: annotationsOf(known),
    ...(unbounded ? { unbounded: ['key'] } : {}),
  };
}

/** `s3 rm` asks for a capability of its own besides delete_object: a policy can forbid the command and allow the call. */
export function removeCapability(context: AwsContext, params: Params, unbounded: boolean): Capability {
  return { ...s3Capability(context, 'delete-object', params, unbounded), action: `${context.name}.s3.rm` };
}
