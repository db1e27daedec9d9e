// Sets the stage for scripts/try-agent.sh and shows the audit afterwards.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FAKE_AWS_KEY, startFakeAws } from '../dist/test/fakes/aws.js';
import { FAKE_GITHUB_TOKEN, startFakeGithub } from '../dist/test/fakes/github.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const stage = mkdtempSync('/var/tmp/turret-try-');
const home = join(stage, 'home');
const workspace = join(stage, 'project');

function put(path, text) {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}

const aws = await startFakeAws({});
const github = await startFakeGithub({});

// Where a user's keys are, and where turret finds them.
put(
  join(home, '.aws/credentials'),
  `[default]\naws_access_key_id = ${FAKE_AWS_KEY.accessKeyId}\naws_secret_access_key = ${FAKE_AWS_KEY.secretAccessKey}\n`,
);
put(join(home, '.aws/config'), '[default]\nregion = us-east-1\n');
put(
  join(home, '.config/gh/hosts.yml'),
  `github.com:\n    user: acme\n    oauth_token: ${FAKE_GITHUB_TOKEN.token}\n    git_protocol: https\n`,
);
put(
  join(home, '.config/turret/turret.yaml'),
  `version: 1
extends: [preset:aws-readonly, preset:gh-readonly]
repeaters:
  aws: { region: us-east-1, credentials: auto, endpoint: "${aws.url}" }   # the fakes; leave \`endpoint\` out for the real ones
  gh: { credentials: auto, endpoint: "${github.url}" }
rules:
  - id: daily-report
    allow: [aws.s3.get_object, aws.s3.put_object]
    where: { bucket: { in: [allowed] }, key: { path: ["reports/**"] } }
`,
);
mkdirSync(workspace, { recursive: true });
put(
  join(workspace, 'agent.sh'),
  spawnSync('cat', [join(root, 'scripts/try-agent.sh')], { encoding: 'utf8' }).stdout,
);

const env = {
  HOME: home,
  PATH: process.env.PATH,
  TERM: process.env.TERM ?? 'dumb',
  LANG: 'C.UTF-8',
  COLUMNS: String(process.stdout.columns ?? 160),
};
const turret = (args) => spawnNode([join(root, 'bin/turret.js'), ...args]);

// Asynchronous, because the fakes answer from this very process.
async function spawnNode(args) {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, args, { cwd: workspace, env, stdio: 'inherit' });
  return new Promise((resolve) => child.on('close', resolve));
}

let code = 1;
try {
  console.log('$ turret run -- sh agent.sh');
  code = await turret(['run', '--label', 'try', '--', 'sh', 'agent.sh']);
  console.log('\n$ turret audit');
  await turret(['audit']);
  console.log(
    `\nwith your own accounts: cd into a project, then  turret run -- claude   (node ${join(root, 'bin/turret.js')} from here)`,
  );
} finally {
  await aws.close();
  await github.close();
  rmSync(stage, { recursive: true, force: true });
}
process.exit(code);
