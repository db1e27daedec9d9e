// What people do with aws beside plain reads: files up and down, streams, formats, mistakes.

import type { FidelityCase } from './case.js';

const TREE = { 'tree/a.txt': 'a\n', 'tree/b.csv': 'b,1\n', 'tree/deep/c.txt': 'c\n', 'tree/deep/empty': '' };
const named = (argv: string): string[] => ['aws', ...argv.split(' ')];

const STREAMS: FidelityCase[] = [
  { id: 'aws-cp-stdout', argv: named('s3 cp s3://allowed/k -') },
  { id: 'aws-cp-stdin', argv: named('s3 cp - s3://allowed/from-stdin'), stdin: 'from stdin\n' },
  { id: 'aws-cp-pipe', argv: ['sh', '-c', 'aws s3 cp s3://allowed/k - | aws s3 cp - s3://allowed/k2'] },
  { id: 'aws-cp-empty-stdin', argv: named('s3 cp - s3://allowed/empty'), stdin: '' },
  { id: 'aws-cat-head', argv: ['sh', '-c', 'aws s3 cp s3://allowed/k - | head -c 3'] },
  {
    id: 'aws-64-mib',
    argv: [
      'sh',
      '-c',
      // No two blocks are the same, so that none can change places.
      'seq 1 9000000 | head -c 67108864 > big && aws s3 cp big s3://allowed/big --quiet && aws s3 cp s3://allowed/big back --quiet && cmp big back && rm big',
    ],
  },
  {
    id: 'aws-20-mib-pipe',
    argv: [
      'sh',
      '-c',
      'seq 1 3000000 | head -c 20971520 | aws s3 cp - s3://allowed/piped && aws s3 cp s3://allowed/piped - | sha256sum',
    ],
  },
];

const FILES: FidelityCase[] = [
  {
    id: 'aws-cp-up',
    argv: named('s3 cp up.txt s3://allowed/up.txt --no-progress'),
    files: { 'up.txt': 'up\n' },
  },
  {
    id: 'aws-cp-up-type',
    argv: named('s3 cp page.html s3://allowed/ --no-progress --content-type text/plain --metadata who=me'),
    files: { 'page.html': '<p>' },
  },
  { id: 'aws-cp-down', argv: named('s3 cp s3://allowed/k down.txt --no-progress') },
  { id: 'aws-cp-down-directory', argv: named('s3 cp s3://allowed/a/one.txt . --no-progress') },
  { id: 'aws-cp-down-deep', argv: named('s3 cp s3://allowed/a/one.txt new/deep/one.txt --no-progress') },
  { id: 'aws-cp-quiet', argv: named('s3 cp s3://allowed/k down.txt --quiet') },
  { id: 'aws-cp-dryrun', argv: named('s3 cp s3://allowed/k down.txt --dryrun') },
  { id: 'aws-cp-between', argv: named('s3 cp s3://allowed/k s3://allowed/copy --no-progress') },
  {
    id: 'aws-cp-up-recursive',
    argv: named('s3 cp tree s3://allowed/tree --recursive --only-show-errors'),
    files: TREE,
  },
  {
    id: 'aws-cp-up-filtered',
    argv: [
      'aws',
      's3',
      'cp',
      'tree',
      's3://allowed/t/',
      '--recursive',
      '--exclude',
      '*',
      '--include',
      '*.csv',
      '--no-progress',
    ],
    files: TREE,
  },
  {
    id: 'aws-cp-down-recursive',
    argv: named('s3 cp s3://allowed/prefix out --recursive --only-show-errors'),
  },
  { id: 'aws-sync-up', argv: named('s3 sync tree s3://allowed/tree --only-show-errors'), files: TREE },
  { id: 'aws-sync-up-here', argv: named('s3 sync . s3://allowed/here --only-show-errors'), files: TREE },
  { id: 'aws-sync-down', argv: named('s3 sync s3://allowed/a out --only-show-errors') },
  {
    id: 'aws-sync-down-part',
    argv: [
      'sh',
      '-c',
      'aws s3 cp s3://allowed/a/one.txt out/one.txt --no-progress && aws s3 sync s3://allowed/a out --no-progress --exclude "deep/*"',
    ],
  },
  {
    id: 'aws-sync-twice',
    argv: [
      'sh',
      '-c',
      'aws s3 sync tree s3://allowed/t --only-show-errors && aws s3 sync tree s3://allowed/t --no-progress',
    ],
    files: TREE,
  },
  {
    id: 'aws-sync-delete',
    argv: named('s3 sync tree s3://allowed/prefix --delete --only-show-errors'),
    files: { 'tree/report-1.csv': 'id,amount\n1,11\n' },
  },
  { id: 'aws-mv-down', argv: named('s3 mv s3://allowed/k k.txt --no-progress') },
  { id: 'aws-mv-between', argv: named('s3 mv s3://allowed/k s3://allowed/k3 --no-progress') },
  { id: 'aws-rm', argv: named('s3 rm s3://allowed/k') },
  { id: 'aws-get-object', argv: named('s3api get-object --bucket allowed --key k out.bin') },
  { id: 'aws-get-range', argv: named('s3api get-object --bucket allowed --key k --range bytes=0-2 out.bin') },
  {
    id: 'aws-put-object',
    argv: named('s3api put-object --bucket allowed --key put --body data.bin'),
    files: { 'data.bin': 'data\n' },
  },
  {
    id: 'aws-file-param',
    argv: named('s3api delete-objects --bucket allowed --delete file://delete.json'),
    files: { 'delete.json': '{"Objects":[{"Key":"k"}]}' },
  },
  {
    id: 'aws-overwrite',
    argv: named('s3 cp s3://allowed/k there.txt --no-progress'),
    files: { 'there.txt': 'something older and longer than the object\n' },
  },
  {
    id: 'aws-name-with-space',
    argv: ['aws', 's3', 'cp', 'my file.txt', 's3://allowed/my file.txt', '--no-progress'],
    files: { 'my file.txt': 'x\n' },
  },
];

const SHELL: FidelityCase[] = [
  {
    id: 'aws-parallel',
    argv: [
      'sh',
      '-c',
      'for i in 1 2 3 4; do aws s3 cp s3://allowed/k out$i --no-progress > said$i & done; wait; cat said*; aws s3 ls',
    ],
  },
  {
    id: 'aws-in-a-loop',
    // What does not read its input leaves it to the shell.
    argv: [
      'sh',
      '-c',
      'printf "a\nb\n" | while read -r word; do aws s3 ls s3://allowed/a/; echo "$word"; done',
    ],
  },
  { id: 'aws-closed-stdin', argv: ['sh', '-c', 'aws s3 ls <&-'] },
  {
    id: 'aws-absolute-file',
    argv: ['sh', '-c', 'aws s3 cp "$PWD/up.txt" s3://allowed/absolute.txt --no-progress'],
    files: { 'up.txt': 'up\n' },
  },
  {
    id: 'aws-absolute-download',
    argv: ['sh', '-c', 'aws s3 cp s3://allowed/k "$PWD/new/down.txt" --no-progress'],
  },
  {
    id: 'aws-tmp',
    argv: [
      'sh',
      '-c',
      'aws s3 cp s3://allowed/k /tmp/turret-fidelity --quiet && aws s3 cp /tmp/turret-fidelity s3://allowed/k4 --quiet && cat /tmp/turret-fidelity && rm /tmp/turret-fidelity',
    ],
  },
  {
    id: 'aws-link-in-a-tree',
    argv: [
      'sh',
      '-c',
      'ln -s a.txt tree/link && aws s3 cp tree s3://allowed/t --recursive --only-show-errors',
    ],
    files: TREE,
  },
  {
    id: 'aws-substitution',
    argv: [
      'sh',
      '-c',
      'aws s3 cp s3://"$(aws s3api list-buckets --query "Buckets[0].Name" --output text)"/k - | wc -c',
    ],
  },
];

const FORMATS: FidelityCase[] = [
  ...['json', 'text', 'table', 'yaml'].map((format) => ({
    id: `aws-output-${format}`,
    argv: named(`ec2 describe-instances --output ${format}`),
    ...(format === 'yaml' ? { exitV1: 2 } : {}),
  })),
  { id: 'aws-output-variable', argv: named('s3api list-buckets'), env: { AWS_DEFAULT_OUTPUT: 'text' } },
  {
    id: 'aws-query',
    argv: ['aws', 's3api', 'list-buckets', '--query', 'Buckets[?Name==`allowed`].[Name,CreationDate]'],
  },
  { id: 'aws-time-zone', argv: named('s3 ls s3://allowed/a/'), env: { TZ: 'America/New_York' } },
  {
    id: 'aws-region-variable',
    argv: named('ec2 describe-instances --output text'),
    env: { AWS_REGION: 'eu-west-1' },
  },
  {
    id: 'aws-pages',
    argv: named('s3api list-objects-v2 --bucket allowed --page-size 2 --query Contents[].Key'),
  },
  { id: 'aws-max-items', argv: named('s3api list-objects-v2 --bucket allowed --max-items 2') },
  { id: 'aws-non-ascii', argv: ['aws', 's3', 'cp', '-', 's3://allowed/grüße ☃.txt'], stdin: 'ü\n' },
];

const MISTAKES: FidelityCase[] = [
  { id: 'aws-no-bucket', argv: named('s3 ls s3://no-such-bucket-here'), exit: 254 },
  { id: 'aws-no-bucket-api', argv: named('s3api list-objects-v2 --bucket no-such-bucket-here'), exit: 254 },
  { id: 'aws-no-key', argv: named('s3api get-object --bucket allowed --key none out.bin'), exit: 254 },
  { id: 'aws-no-key-cp', argv: named('s3 cp s3://allowed/none out.bin'), exit: 1 },
  { id: 'aws-no-key-head', argv: named('s3api head-object --bucket allowed --key none'), exit: 254 },
  { id: 'aws-nothing-listed', argv: named('s3 ls s3://allowed/nothing-here/'), exit: 1 },
  { id: 'aws-no-file', argv: named('s3 cp none.txt s3://allowed/none.txt'), exit: 255 },
  { id: 'aws-bad-query', argv: ['aws', 's3api', 'list-buckets', '--query', 'Buckets[bad'], exit: 252 },
  { id: 'aws-key-missing', argv: named('s3api get-object --bucket allowed'), exit: 252, exitV1: 2 },
  {
    id: 'aws-bad-number',
    argv: named('s3api list-objects-v2 --bucket allowed --max-items x'),
    exit: 252,
    exitV1: 2,
  },
  { id: 'aws-bad-json', argv: ['aws', 'ec2', 'describe-instances', '--filters', '[{bad'], exit: 252 },
  {
    id: 'aws-bad-shorthand',
    argv: ['aws', 'ec2', 'describe-instances', '--filters', 'Nme=x,Values=y'],
    exit: 252,
  },
  {
    id: 'aws-bad-bucket',
    argv: ['aws', 's3api', 'head-object', '--bucket', 'not a bucket', '--key', 'k'],
    exit: 252,
  },
  {
    id: 'aws-read-only-put',
    argv: named('s3 cp - s3://allowed/x'),
    stdin: 'x',
    exit: 1,
    credentials: 'read-only',
  },
  {
    id: 'aws-read-only-delete',
    argv: named('s3api delete-object --bucket allowed --key k'),
    exit: 254,
    credentials: 'read-only',
  },
  { id: 'aws-read-only-read', argv: named('s3 ls'), credentials: 'read-only' },
  { id: 'aws-unknown-key', argv: named('sts get-caller-identity'), exit: 254, credentials: 'unknown' },
];

export const AWS_CASES: readonly FidelityCase[] = [...STREAMS, ...FILES, ...SHELL, ...FORMATS, ...MISTAKES];
