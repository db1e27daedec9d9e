// Values that the CLI would read as something else: files, downloads, expansions.

import { describe, expect, it } from 'vitest';
import { checkPath } from '../../../repeaters/aws/resolve/files.js';
import { TurretError } from '../../../src/errors.js';
import { asked, contextV2, CWD, refusal, resolved } from './aws-context.js';

const files = (line: string) => resolved(line).needs.files;
const oneRead = (path: string) => [{ path, use: 'read', tree: false }];
const send = (url: string) => `sqs send-message --message-body b --queue-url ${url}`;
const read = (raw: string, cwd = CWD) => checkPath(raw, { cwd, use: 'read', tree: false });

describe('file:// in a value', () => {
  it('becomes a file by value for documents, structures and bytes', () => {
    expect(
      files('iam put-role-policy --role-name r --policy-name p --policy-document file://p.json'),
    ).toEqual(oneRead('p.json'));
    expect(files('ec2 describe-instances --filters file://./a/../f.json')).toEqual(oneRead('f.json'));
    expect(files(`lambda update-function-code --function-name f --zip-file fileb://${CWD}/x.zip`)).toEqual(
      oneRead('x.zip'),
    );
    expect(files('lambda update-function-code --function-name f --zip-file fileb:///tmp/x.zip')).toEqual(
      oneRead('/tmp/x.zip'),
    );
    expect(asked('ec2 describe-instances --filters file://./a/../f.json')).toEqual([
      ['aws.ec2.describe_instances', { filters: ['file://f.json'] }, ['filters']],
    ]);
  });

  it('leaves the param unbounded, so that a rule about its text is not dodged', () => {
    const [, , unbounded] = asked('s3 cp f s3://allowed/ --recursive --metadata file://m.json')[0] ?? [];
    expect(unbounded).toEqual(['key', 'metadata']);
    expect(asked('s3api put-object --bucket allowed --key k --body f')[0]).toHaveLength(2);
  });

  it.each([
    's3api list-objects-v2 --bucket file://b',
    's3api head-object --bucket allowed --key file://k',
    'ec2 describe-instances --instance-ids file://ids',
    'ec2 describe-instances --max-results file://n',
    'sts assume-role --role-session-name x --role-arn file://arn',
    'iam get-role --role-name fileb://n',
    's3 ls s3://allowed --page-size file://n',
    's3 cp s3://allowed/k out --exclude file://x',
    's3 cp s3://allowed/k out --include https://x',
    'cloudformation create-stack --stack-name s --template-url file://t',
    'iam put-role-policy --role-name r --policy-name p --policy-document File://p.json',
    'ec2 describe-instances --filters Name=a,Values=b file://f',
  ])('is refused in %s', (line) => {
    expect(refusal(line)).toMatch(/read from a file|no pattern|would be fetched/);
  });

  it.each([
    'file://$HOME/x',
    'file://${X}',
    'file://~/x',
    'file://~root/x',
    'file:///etc/passwd',
    'file:///proc/self/environ',
    'file://../x',
    'file://a/../../x',
    'file:///tmp/../etc/x',
    'file://.ssh/id',
    'file:///dev/fd/3',
    `file://${CWD}/../x`,
  ])('is refused for %s', (value) => {
    expect(refusal(['ec2', 'describe-instances', '--filters', value])).toMatch(
      /expand|outside|not a file of yours|hidden/,
    );
  });

  it('is refused inside shorthand, and JSON may hold the same characters', () => {
    expect(refusal('ec2 describe-tags --filters Name=key,Values@=file://x')).toMatch(/@=/);
    expect(refusal('s3api put-object --bucket allowed --key k --metadata a@=file://x')).toMatch(/@=/);
    expect(asked(['ec2', 'describe-tags', '--filters', '[{"Name":"a@=b"}]'])).toHaveLength(1);
  });
});

describe('URLs in a value', () => {
  it('pass where the CLI never fetches, and nowhere else', () => {
    expect(
      asked('cloudformation create-stack --stack-name s --template-url https://x.example/t'),
    ).toHaveLength(1);
    expect(refusal('cloudformation create-stack --stack-name https://x.example/t')).toMatch(
      /would be fetched/,
    );
    expect(refusal('s3api list-objects-v2 --bucket http://169.254.169.254/')).toMatch(/would be fetched/);
    expect(refusal(['iam', 'put-role-policy', '--policy-document', ' HTTPS://x'])).toMatch(
      /would be fetched/,
    );
  });

  it('pass as the URL of a queue of SQS only', () => {
    for (const use of [undefined, contextV2]) {
      expect(asked(send('https://sqs.us-east-1.amazonaws.com/123456789012/q.fifo'), use)).toHaveLength(1);
      for (const url of [
        'https://evil.example/123456789012/q',
        'https://sqs.us-east-1.amazonaws.com.evil.example/123456789012/q',
        'http://sqs.us-east-1.amazonaws.com/123456789012/q',
        'https://sqs.us-east-1.amazonaws.com@evil.example/123456789012/q',
      ]) {
        expect(refusal(send(url), use)).toMatch(/not one of SQS/);
      }
    }
  });
});

it('takes several lines in a document, and one line everywhere else', () => {
  const policy = '{\n\t"Version": "2012-10-17"\n}';
  expect(
    asked(['iam', 'put-role-policy', '--role-name', 'r', '--policy-name', 'p', '--policy-document', policy]),
  ).toHaveLength(1);
  expect(refusal(['iam', 'get-role', '--role-name', 'a\nb'])).toMatch(/line breaks/);
  expect(refusal(['s3', 'ls', 's3://allowed/a\nb'])).toMatch(/line breaks/);
});

describe('paths', () => {
  it('come out relative to the working directory, or absolute below /tmp', () => {
    expect(read('./a//b/../c')).toBe('a/c');
    expect(read(`${CWD}/a`)).toBe('a');
    expect(read('/tmp/x/y')).toBe('/tmp/x/y');
    expect(read('.env')).toBe('.env');
    expect(checkPath('.', { cwd: CWD, use: 'read', tree: true })).toBe('.');
  });

  it.each([
    '../a',
    '/',
    '/tmp',
    '/tmpx/a',
    '/home/agent',
    '/home/agent/work2/a',
    '~',
    '$A',
    'a\nb',
    '/tmp/../home/x',
    '/tmp/a/../x',
    `${CWD}/a/../x`,
    '/proc/1/x',
    '-x',
    './-x',
  ])('never %j', (raw) => {
    expect(() => read(raw)).toThrow(TurretError);
  });

  it('never reach the machine below a working directory of /', () => {
    expect(read('/etc/hosts', '/')).toBe('etc/hosts');
    expect(() => read('/proc/self/environ', '/')).toThrow(TurretError);
    expect(() => read('dev/fd/3', '/')).toThrow(TurretError);
  });

  it('never go through hidden directories, and never write hidden files', () => {
    expect(() => read('.aws/credentials')).toThrow(TurretError);
    expect(() => read('/tmp/.git/config')).toThrow(TurretError);
    expect(() => checkPath('.bashrc', { cwd: CWD, use: 'write', tree: false })).toThrow(TurretError);
    expect(() => checkPath('.git', { cwd: CWD, use: 'read', tree: true })).toThrow(TurretError);
    expect(checkPath('a/b.txt', { cwd: CWD, use: 'write', tree: false })).toBe('a/b.txt');
  });
});

describe('one value, however it is spelled', () => {
  const terminate = (...ids: string[]) => ['ec2', 'terminate-instances', '--instance-ids', ...ids];
  it.each([
    [
      ['i-a', 'i-b'],
      ['i-a', 'i-b'],
    ],
    [['["i-a","i-b"]'], ['i-a', 'i-b']],
    [[' [ "i-a" ]'], ['i-a']],
    [['["i-\\u0061"]'], ['i-a']],
  ])('a list %j is its items', (typed, items) => {
    expect(asked(terminate(...typed))).toEqual([['aws.ec2.terminate_instances', { instance_ids: items }]]);
  });
  it.each([
    '["i-a"',
    '[]',
    '[1]',
    '[["i-a"]]',
    '["[\\"i-a\\"]"]',
    '["i-\\u200b"]',
    '["i\\n"]',
    '["file://x"]',
    '[""]',
  ])('a list %s is refused', (typed) => {
    expect(refusal(terminate(typed))).toMatch(/no list|looks like|invisible|line breaks|from a file|empty/);
  });
  it.each(['1_000', '+5', ' 5', '5 ', '٥', '0x10', '05', '1e3', 'inf', 'NaN'])(
    'a number %s is refused',
    (typed) => {
      expect(refusal(['ec2', 'describe-instances', `--max-items=${typed}`])).toMatch(/no number/);
    },
  );
  it('what no Python takes for a number is left to the CLI to refuse', () => {
    expect(asked('ec2 describe-instances --max-items x')[0]?.[1]).toEqual({ max_items: 'x' });
  });
  it('a number in plain digits passes', () => {
    expect(asked('ec2 describe-instances --max-items 5')[0]?.[1]).toEqual({ max_items: '5' });
  });
  it.each(['Z1', '/hostedzone/Z1', 'x/Z1'])('the hosted zone %s is the one that the CLI sends', (id) => {
    expect(asked(`route53 list-resource-record-sets --hosted-zone-id ${id}`)[0]?.[1]).toEqual({
      hosted_zone_id: 'Z1',
    });
    expect(refusal(`route53 get-hosted-zone --id ${id}/`)).toMatch(/ends with a slash/);
  });
  it('an id of another kind is sent as it is', () => {
    expect(asked('route53 get-traffic-policy-instance --id a/x')[0]?.[1]).toEqual({ id: 'a/x' });
    const marker = 'route53 list-traffic-policy-instances --hosted-zone-id-marker /hostedzone/Z1';
    expect(asked(marker)[0]?.[1]).toEqual({ hosted_zone_id_marker: 'Z1' });
  });
  it('a structure has too many spellings for a rule', () => {
    expect(asked('ec2 describe-instances --filters Name=a,Values=b')[0]?.[2]).toEqual(['filters']);
  });
});

describe('the token of a listing', () => {
  const scan = (members: unknown) =>
    `dynamodb scan --table-name t --starting-token ${Buffer.from(JSON.stringify(members)).toString('base64')}`;
  it('passes as the CLI prints it', () => {
    const start = {
      ExclusiveStartKey: { id: { B: 'eA==' } },
      boto_encoded_keys: [['ExclusiveStartKey', 'id', 'B']],
    };
    expect(asked(scan(start))[0]?.[1]).toMatchObject({ table_name: 't' });
    expect(asked(scan({ NextToken: 'x', boto_truncate_amount: 2 }))).toHaveLength(1);
  });
  it.each([
    { TableName: 'victim' },
    { NextToken: 'x', TableName: 'victim' },
    { __proto__x: 1 },
    ['TableName'],
    'x',
  ])('is refused when it would set a parameter: %j', (members) => {
    expect(refusal(scan(members))).toMatch(/no token/);
  });
  it.each(['x', 'eyJ9!', '!eyJUYWJsZU5hbWUiOiJ4In0=', 'None___5'])('%s is none', (token) => {
    expect(refusal(`dynamodb scan --table-name t --starting-token ${token}`)).toMatch(/no token/);
  });
});
