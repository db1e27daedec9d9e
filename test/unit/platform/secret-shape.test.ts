import { expect, test } from 'vitest';

import { holdsCredential } from '../../../src/platform/secret-shape.js';

test.each([
  'export OPENAI_API_KEY=sk-proj-abcdefghijklmnop1234',
  'export MY_SERVICE_TOKEN="0123456789abcdef"',
  "PGPASSWORD='correct horse'\nexport PGPASSWORD=correcthorsebattery",
  '[url "https://me:hunter2hunter2@git.example/"]\n  insteadOf = https://git.example/',
  '[github]\n\tuser = me\n\ttoken = 0123456789abcdef0123',
  '[http]\n extraheader = "AUTHORIZATION: basic bWU6aHVudGVyMg=="',
  'alias k="curl -H \'x-api-key: 0123456789abcdef\'"',
])('%j holds a credential', (text) => expect(holdsCredential(text)).toBe(true));

test.each([
  'export PATH="$HOME/.local/bin:$PATH"\neval "$(direnv hook bash)"\nexport NVM_DIR="$HOME/.nvm"',
  'export GITHUB_TOKEN="$(gh auth token)"\nexport AWS_SECRET_ACCESS_KEY=$OTHER\nexport NPM_TOKEN=`pass npm`',
  '[user]\n\tname = Some Body\n\temail = some@body.example\n\tsigningkey = ~/.ssh/id.pub\n[credential]\n\thelper = store',
  'export SSH_AUTH_SOCK=/run/user/1000/agent.sock\nalias gs="git status"',
  '# export OPENAI_API_KEY=put-your-key-here',
  '',
])('%j does not', (text) => expect(holdsCredential(text)).toBe(false));
