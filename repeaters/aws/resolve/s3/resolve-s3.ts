// `aws s3 …`: the hand-written commands, each as the operations of the S3 API it is made of.

import type { FileNeed, Params, ResolveResult } from '../../../../src/protocol/messages.js';
import type { CommandLine } from '../command-line.js';
import type { AwsContext } from '../context.js';
import { type Facts, timeZone } from '../facts.js';
import { optionParams } from '../operation.js';
import { checkRegion } from '../region.js';
import { refuse } from '../refuse.js';
import { checkFilter } from '../values.js';
import {
  listCommand,
  makeCommand,
  removeBucketCommand,
  type S3Command,
  websiteCommand,
} from './bucket-commands.js';
import { resolveRemove, resolveTransfer } from './transfer.js';

/** Throws TurretError('unresolvable') for operands and options that cannot be bounded. */
export function resolveS3(
  line: CommandLine,
  context: AwsContext,
  { cwd, facts }: { cwd: string; facts: Facts },
): ResolveResult {
  if (line.target.kind !== 's3') throw new TypeError('not an s3 command');
  const { subcommand } = line.target;
  const files: FileNeed[] = [];
  const params: Params = {
    ...optionParams(line.values, cwd, files),
    ...line.globals,
    command: `s3 ${subcommand}`,
  };
  if (line.filters.length > 0) params['filters'] = line.filters.map(checkFilter);
  for (const name of ['source_region', 'bucket_region']) {
    if (typeof params[name] === 'string') checkRegion(params[name]);
  }
  const command: S3Command = { operands: line.positionals, params, context };
  const result = byName(subcommand, command, { cwd, facts });
  return {
    capabilities: result.capabilities,
    needs: { stdin: result.needs.stdin, files: [...files, ...result.needs.files] },
  };
}

function byName(
  subcommand: string,
  command: S3Command,
  { cwd, facts }: { cwd: string; facts: Facts },
): Extract<ResolveResult, { needs: unknown }> {
  const needs = { stdin: false, files: [] };
  switch (subcommand) {
    case 'ls': {
      // The only command that prints local time.
      const zone = timeZone(facts);
      const params = zone === undefined ? command.params : { ...command.params, tz: zone };
      return { capabilities: listCommand({ ...command, params }), needs };
    }
    case 'mb':
      return { capabilities: makeCommand(command), needs };
    case 'rb':
      return { capabilities: removeBucketCommand(command), needs };
    case 'website':
      return { capabilities: websiteCommand(command), needs };
    case 'rm':
      return resolveRemove(command);
    case 'cp':
    case 'mv':
    case 'sync':
      return resolveTransfer({ ...command, command: subcommand, cwd });
    default:
      return refuse(`aws s3 ${subcommand} is not resolved`, 'use the operations of aws s3api');
  }
}
