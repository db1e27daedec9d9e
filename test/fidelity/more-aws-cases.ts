// What could tell a fork of a warm interpreter from a program that was started: the surroundings it takes over, streams
// and signals, texts that are made late, and a wide range of services. Too many for the check; `npm run fidelity`.

import type { FidelityCase } from './case.js';

const named = (argv: string): string[] => ['aws', ...argv.split(' ')];
const shell = (script: string): string[] => ['sh', '-c', script];

const READS = [
  's3api list-buckets',
  'sts get-caller-identity',
  'iam list-users',
  'dynamodb list-tables',
  'logs describe-log-groups',
  'sqs list-queues',
  'ec2 describe-regions',
  'lambda list-event-source-mappings',
] as const;

const FORMATS: FidelityCase[] = READS.flatMap((command) =>
  ['table', 'text', 'json'].map((format) => ({
    id: `more-${command.replaceAll(' ', '-')}-${format}`,
    argv: named(`${command} --output ${format}`),
  })),
);

const PAGES: FidelityCase[] = [
  { id: 'more-page-1', argv: named('s3api list-objects-v2 --bucket allowed --page-size 1') },
  { id: 'more-page-none', argv: named('s3api list-objects-v2 --bucket allowed --no-paginate') },
  { id: 'more-page-ls', argv: named('s3 ls s3://allowed --recursive --page-size 1') },
  { id: 'more-page-text', argv: named('s3api list-objects-v2 --bucket allowed --page-size 1 --output text') },
  {
    id: 'more-page-table',
    argv: named('s3api list-objects-v2 --bucket allowed --page-size 2 --output table'),
  },
  {
    id: 'more-page-query',
    argv: ['aws', 's3api', 'list-objects-v2', '--bucket', 'allowed', '--query', 'length(Contents)'],
  },
];

const WAITERS: FidelityCase[] = [
  { id: 'more-wait-bucket', argv: named('s3api wait bucket-exists --bucket allowed') },
  { id: 'more-wait-object', argv: named('s3api wait object-exists --bucket allowed --key k') },
  { id: 'more-wait-no-object', argv: named('s3api wait object-not-exists --bucket allowed --key none') },
  { id: 'more-wait-usage', argv: named('s3api wait bucket-exists'), exit: 252, exitV1: 2 },
];

const MISTAKES: FidelityCase[] = [
  { id: 'more-bad-uri', argv: named('s3 ls s3://'), exit: 0 },
  { id: 'more-no-table', argv: named('dynamodb describe-table --table-name none'), exit: 254 },
  { id: 'more-no-instance', argv: named('ec2 describe-instances --instance-ids i-bad'), exit: 254 },
];

const SURROUNDINGS: FidelityCase[] = [
  ...['Asia/Kolkata', 'America/St_Johns', 'UTC', 'CET-1CEST', 'nonsense'].map((zone) => ({
    id: `more-zone-${zone.replaceAll(/\W/g, '-')}`,
    argv: named('s3 ls s3://allowed/a/'),
    env: { TZ: zone },
  })),
  ...['C', 'C.UTF-8', 'POSIX', 'en_US.UTF-8', 'de_DE.ISO-8859-1'].map((locale) => ({
    id: `more-locale-${locale.replaceAll(/\W/g, '-')}`,
    argv: named('s3api list-buckets --output text'),
    env: { LC_ALL: locale, LANG: locale },
  })),
  ...['0000', '0027', '0077'].map((mask) => ({
    id: `more-umask-${mask}`,
    argv: shell(`umask ${mask}; aws s3 cp s3://allowed/k down --quiet && stat -c %a down`),
  })),
  { id: 'more-columns', argv: named('s3api list-buckets --output table'), env: { COLUMNS: '40' } },
  { id: 'more-no-home', argv: shell('unset HOME; aws s3 ls') },
  {
    id: 'more-directory',
    argv: shell('mkdir -p "a b/c" && cd "a b/c" && aws s3 cp s3://allowed/k . --no-progress'),
  },
  { id: 'more-niced', argv: shell('nice -n 5 aws s3 ls') },
];

const STREAMS: FidelityCase[] = [
  {
    id: 'more-64-mib-in',
    argv: shell(
      'seq 1 9000000 | head -c 67108864 | aws s3 cp - s3://allowed/in64 && aws s3 cp s3://allowed/in64 - | sha256sum',
    ),
  },
  {
    id: 'more-64-mib-head',
    argv: shell(
      'seq 1 9000000 | head -c 67108864 | aws s3 cp - s3://allowed/h64 && aws s3 cp s3://allowed/h64 - 2>/dev/null | head -c 100000 | sha256sum',
    ),
  },
  {
    id: 'more-slow-stdin',
    argv: shell('(sleep 1; echo a; sleep 1; echo b) | aws s3 cp - s3://allowed/slow'),
  },
  { id: 'more-unread-stdin', argv: shell('yes | aws s3 ls') },
  { id: 'more-empty-stdin', argv: shell('aws s3 cp - s3://allowed/nothing </dev/null') },
  {
    id: 'more-stderr-to-stdout',
    argv: shell('aws s3api head-object --bucket allowed --key none 2>&1; echo $?'),
  },
  { id: 'more-background', argv: shell('aws s3 ls & wait $!; echo $?') },
];

/** The signal finds the CLI asleep between two questions: ended while a thread reads its input, Python itself breaks now and then. */
const interrupted = (signal: string): string[] =>
  shell(
    `timeout --preserve-status -s ${signal} 4 aws s3api wait bucket-exists --bucket none; echo "ended $?"`,
  );
const SIGNALS: FidelityCase[] = ['INT', 'TERM', 'HUP', 'QUIT'].map((signal) => ({
  id: `more-signal-${signal}`,
  argv: interrupted(signal),
}));

export const MORE_AWS_CASES: readonly FidelityCase[] = [
  ...FORMATS,
  ...PAGES,
  ...WAITERS,
  ...MISTAKES,
  ...SURROUNDINGS,
  ...STREAMS,
  ...SIGNALS,
];
