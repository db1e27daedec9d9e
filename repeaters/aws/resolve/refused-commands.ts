// Commands that no policy can allow, because they never become one checkable request: they sign or print a credential locally,
// write the CLI's configuration, start other programs, or talk to a person.

import { refuse } from './refuse.js';

const CONFIGURES = 'credentials and settings belong to the operator: see `repeaters:` in turret.yaml';
const SIGNS =
  'it makes a credential locally, without a request that could be checked; ask the operator for the result';
const RUNS = 'it starts another program; use an operation of the API instead';

/** Longest match wins; a single word covers everything below it. */
const REFUSED: Record<string, string> = {
  configure: CONFIGURES,
  login: CONFIGURES,
  logout: CONFIGURES,
  history: 'Turret keeps its own record: turret audit',
  help: 'run `aws help` outside Turret: it needs no credential',
  update: RUNS,
  'cli-dev': RUNS,
  'agent-toolkit': RUNS,
  'sso login': CONFIGURES,
  'sso logout': CONFIGURES,
  's3 presign': 'a pre-signed URL is a credential; copy the object instead: aws s3 cp s3://BUCKET/KEY FILE',
  'rds generate-db-auth-token': SIGNS,
  'dsql generate-db-connect-auth-token': SIGNS,
  'dsql generate-db-connect-admin-auth-token': SIGNS,
  'eks get-token': SIGNS,
  'eks update-kubeconfig': 'it writes a configuration that calls aws eks get-token, which is never allowed',
  'cloudfront sign': SIGNS,
  'codecommit credential-helper': SIGNS,
  'ecr get-login': 'it prints a registry password; push and pull outside Turret',
  'ecr get-login-password': 'it prints a registry password; push and pull outside Turret',
  'ecr-public get-login-password': 'it prints a registry password; push and pull outside Turret',
  'codeartifact login': 'it writes a token into the configuration of another tool',
  'ssm start-session': RUNS,
  'ssm resume-session': 'a session needs a program on both ends; use ssm send-command where policy allows it',
  'ecs execute-command': RUNS,
  'ec2-instance-connect ssh': RUNS,
  'ec2-instance-connect open-tunnel': RUNS,
  'emr ssh': RUNS,
  'emr socks': RUNS,
  'emr put': RUNS,
  'emr get': RUNS,
  'lightsail push-container-image': RUNS,
  'deploy install': RUNS,
  'deploy uninstall': RUNS,
  'deploy push':
    'it packs a directory by itself; upload the bundle with aws s3 cp and register it with create-deployment',
  'gamelift upload-build':
    'it packs a directory by itself and uses upload credentials; upload with aws s3 cp and use create-build',
  'cloudformation package': 'it uploads whatever files the template names; upload them with aws s3 cp',
  'cloudformation deploy': 'use create-change-set and execute-change-set with --template-body file://NAME',
  'ecs deploy': 'use aws deploy create-deployment',
  'logs start-live-tail': 'use aws logs filter-log-events',
  'gamelift get-game-session-log': 'use aws gamelift get-game-session-log-url where policy allows it',
};

/** Throws TurretError('unresolvable') when these words, or the first of them, name such a command. */
export function refuseCommand(words: string[]): void {
  const [first = '', second = ''] = words;
  if (words.includes('help')) refuse('aws help pages are not shown here', REFUSED['help']!);
  if (second === 'wizard')
    refuse(`aws ${first} wizard needs a person at a terminal`, 'use the operations it is made of');
  for (const name of [`${first} ${second}`, first]) {
    if (Object.hasOwn(REFUSED, name)) refuse(`aws ${name} is never run`, REFUSED[name]!);
  }
}
