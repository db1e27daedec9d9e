// The last leg is TLS in real life. A TLS end before the fake, with a certificate of a private authority: trusted when
// the user trusts it, refused when nobody does.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startFakeAws } from '../fakes/aws.js';
import { startFakeGithub } from '../fakes/github.js';
import { configText, credentialVariables, makeHome, runTurret } from '../helpers/turret.js';

const home = makeHome();
const authority = path.join(home.directory, 'ca.pem');
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let github: Awaited<ReturnType<typeof startFakeGithub>>;
let ends: Server[] = [];
let config = '';

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: home.directory, stdio: 'ignore' });
}

/** Takes TLS off and passes everything on as it is. */
async function tlsEnd(to: string): Promise<string> {
  const pem = (name: string) => readFileSync(path.join(home.directory, name));
  const server = createServer({ key: pem('leaf.key'), cert: pem('leaf.pem') }, (incoming, outgoing) => {
    const onward = request(
      to + (incoming.url ?? '/'),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(server);
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'leaf.key',
    '-out',
    'leaf.csr',
    '-subj',
    '/CN=127.0.0.1',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'leaf.pem',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
  );
  [aws, github] = await Promise.all([startFakeAws({}), startFakeGithub({})]);
  config = configText('p0.yaml', { aws: await tlsEnd(aws.url), gh: await tlsEnd(github.url) });
});
afterAll(async () => {
  for (const end of ends) end.close();
  await Promise.all([aws.close(), github.close()]);
  home.remove();
});

const COMMAND = ['sh', '-c', 'aws s3 ls 2>&1; echo "aws $?"; gh pr list -R acme/app 2>&1; echo "gh $?"'];

describe('an upstream behind TLS', () => {
  it('is served when the user trusts its authority', async () => {
    const { stdout } = await runTurret({
      home,
      config,
      command: COMMAND,
      env: { ...credentialVariables(), NODE_EXTRA_CA_CERTS: authority },
    });
    expect(stdout.toString()).toContain('prod-data');
    expect(stdout.toString()).not.toContain('Warning'); // of node, about the file it was told to read
    expect(stdout.toString()).toMatch(/aws 0\n[^]*gh 0\n/);
  });

  it('gets no request when nobody vouches for it', async () => {
    const [before, beforeGithub] = [aws.requests.length, github.requests.length];
    const { stdout } = await runTurret({ home, config, command: COMMAND });
    expect(stdout.toString()).not.toContain('prod-data');
    expect(stdout.toString()).not.toMatch(/ 0\n/);
    expect([aws.requests.length, github.requests.length]).toEqual([before, beforeGithub]);
  });
});
