// aws s3 cp | mv | sync | rm: which objects are read, written, listed and deleted, and which local files that needs.
// Every object operation is a capability of its own, so a policy written for the API holds for these commands as well.

import { posix } from 'node:path';
import type { Capability, FileNeed, Needs, Params } from '../../../../src/protocol/messages.js';
import { checkPath } from '../files.js';
import { refuse } from '../refuse.js';
import type { S3Command } from './bucket-commands.js';
import { removeCapability, s3Capability } from './capability.js';
import { asPrefix, isS3Uri, parseS3Uri, type S3Place, s3Uri } from './uri.js';

export interface TransferCommand extends S3Command {
  command: 'cp' | 'mv' | 'sync';
  cwd: string;
}
export interface Transfer {
  capabilities: Capability[];
  needs: Needs;
}

/** Resolves cp, mv and sync by which operand is an S3 URI. */
export function resolveTransfer(transfer: TransferCommand): Transfer {
  const [source, target, extra] = transfer.operands;
  const { command, params } = transfer;
  if (source === undefined || target === undefined || extra !== undefined) {
    return refuse(
      `aws s3 ${command} takes a source and a target`,
      `write aws s3 ${command} s3://BUCKET/KEY FILE, or the other way round`,
    );
  }
  if (!isS3Uri(source) && !isS3Uri(target))
    refuse('neither operand is in S3', 'begin one of them with s3://');
  const tree = command === 'sync' || params['recursive'] === true;
  if ((source === '-' || target === '-') && (tree || command !== 'cp'))
    refuse('- works with a single aws s3 cp only', 'name a file or a directory');
  if (isS3Uri(source) && isS3Uri(target)) return between(transfer, source, target, tree);
  return isS3Uri(source)
    ? download(transfer, parseS3Uri(source), target, tree)
    : upload(transfer, source, parseS3Uri(target), tree);
}

const withPlace = (params: Params, place: S3Place, tree: boolean): Params =>
  tree
    ? { ...params, bucket: place.bucket, prefix: asPrefix(place.key) }
    : { ...params, bucket: place.bucket, key: place.key };

function oneObject(place: S3Place): S3Place {
  return place.key === '' || place.key.endsWith('/')
    ? refuse('the source is no single object', 'name its key, or add --recursive')
    : place;
}

function upload(transfer: TransferCommand, source: string, place: S3Place, tree: boolean): Transfer {
  const { context, command, cwd } = transfer;
  if (command === 'mv')
    refuse('aws s3 mv of a local file would delete it behind your back', 'use aws s3 cp, then rm');
  if (transfer.params['follow_symlinks'] === true)
    refuse('symbolic links are not followed', 'leave --follow-symlinks out');
  const params = tree ? { ...transfer.params, follow_symlinks: false } : transfer.params;
  if (source === '-') {
    const named = withPlace(params, oneObject(place), false);
    return {
      capabilities: [s3Capability(context, 'put-object', { ...named, source })],
      needs: { stdin: true, files: [] },
    };
  }
  const path = checkPath(source, { cwd, use: 'read', tree });
  const files: FileNeed[] = [{ path, use: 'read', tree }];
  if (!tree && (source.endsWith('/') || path === '.')) refuse('the source is a directory', 'add --recursive');
  // The CLI takes the file's own name when the target is a bucket or ends in a slash; policy must see that key.
  const into =
    tree || !(place.key === '' || place.key.endsWith('/'))
      ? place
      : { ...place, key: place.key + posix.basename(path) };
  const at = { ...withPlace(params, into, tree), source: path };
  const capabilities = [s3Capability(context, 'put-object', at, tree)];
  if (command === 'sync')
    capabilities.push(s3Capability(context, 'list-objects-v2', withPlace(params, place, true)));
  if (command === 'sync' && params['delete'] === true)
    capabilities.push(s3Capability(context, 'delete-object', withPlace(params, place, true), true));
  return { capabilities, needs: { stdin: false, files } };
}

function download(transfer: TransferCommand, place: S3Place, target: string, tree: boolean): Transfer {
  const { context, command, cwd, params } = transfer;
  if (params['delete'] === true)
    refuse('aws s3 sync --delete would delete local files', 'leave --delete out and remove them yourself');
  const from = withPlace(params, tree ? place : oneObject(place), tree);
  const files: FileNeed[] = [];
  let path = target;
  if (target !== '-') {
    // A target that can only be a directory gets the object's name, as in the CLI.
    const directory =
      !tree && (target.endsWith('/') || target === '/tmp' || ['.', '..'].includes(posix.basename(target)));
    path = checkPath(directory ? posix.join(target, posix.basename(place.key)) : target, {
      cwd,
      use: 'write',
      tree,
    });
    if (command === 'sync') files.push({ path, use: 'stat', tree });
    files.push({ path, use: 'write', tree });
  }
  const capabilities = [s3Capability(context, 'get-object', { ...from, target: path }, tree)];
  if (tree) capabilities.push(s3Capability(context, 'list-objects-v2', from));
  if (command === 'mv') capabilities.push(s3Capability(context, 'delete-object', from, tree));
  return { capabilities, needs: { stdin: false, files } };
}

function between(transfer: TransferCommand, source: string, target: string, tree: boolean): Transfer {
  const { context, command, params } = transfer;
  const from = tree ? parseS3Uri(source) : oneObject(parseS3Uri(source));
  const place = parseS3Uri(target);
  const named =
    tree || !(place.key === '' || place.key.endsWith('/'))
      ? place
      : { ...place, key: place.key + posix.basename(from.key) };
  const to = tree ? { ...place, key: asPrefix(place.key) } : named;
  const reads = withPlace(params, from, tree);
  const writes = withPlace(params, to, tree);
  const capabilities = [
    s3Capability(context, 'get-object', { ...reads, target: s3Uri(to) }, tree),
    s3Capability(
      context,
      'put-object',
      { ...writes, source: s3Uri({ ...from, key: tree ? asPrefix(from.key) : from.key }) },
      tree,
    ),
  ];
  if (tree) capabilities.push(s3Capability(context, 'list-objects-v2', reads));
  if (command === 'sync') capabilities.push(s3Capability(context, 'list-objects-v2', writes));
  if (command === 'mv') capabilities.push(s3Capability(context, 'delete-object', reads, tree));
  if (command === 'sync' && params['delete'] === true)
    capabilities.push(s3Capability(context, 'delete-object', writes, true));
  return { capabilities, needs: { stdin: false, files: [] } };
}

/** `s3 rm s3://BUCKET/KEY [--recursive]`. */
export function resolveRemove({ operands, params, context }: S3Command): Transfer {
  const [operand, extra] = operands;
  if (operand === undefined || extra !== undefined || !isS3Uri(operand))
    return refuse('aws s3 rm takes one S3 URI', 'write aws s3 rm s3://BUCKET/KEY');
  const tree = params['recursive'] === true;
  const place = parseS3Uri(operand);
  const at = withPlace(params, tree || place.key !== '' ? place : oneObject(place), tree);
  const capabilities = [
    removeCapability(context, at, tree),
    s3Capability(context, 'delete-object', at, tree),
  ];
  if (tree) capabilities.push(s3Capability(context, 'list-objects-v2', at));
  return { capabilities, needs: { stdin: false, files: [] } };
}
