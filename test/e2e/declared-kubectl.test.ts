// The manifest of kubectl that comes with Turret, with Debian's kubectl and an API server on loopback that wants proof.

import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../repeaters/aws/inject/certificates.js';
import { type FakeKubernetes, startFakeKubernetes } from '../fakes/kubernetes.js';
import { debianPackage } from '../helpers/debian-package.js';
import { type SessionOutcome, type TestHome, lastSession, makeHome, runTurret } from '../helpers/turret.js';

const TOKEN = 'kube-token-0123456789abcdefghij';
const authority = createCertificateAuthority();
let kubectl: string;
let home: TestHome;
let server: FakeKubernetes;
let clientKey: string;
let clientCertificate: string;

beforeAll(async () => {
  kubectl = path.join(debianPackage('kubernetes-client'), 'usr/bin/kubectl');
  home = makeHome();
  mkdirSync(path.join(home.directory, '.kube'), { mode: 0o700 });
  const [key, certificate] = ['client.key', 'client.pem'].map((name) => path.join(home.directory, name));
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=reader', '-keyout', key ?? '', '-out', certificate ?? ''],
    ],
    { stdio: 'ignore' },
  );
  clientKey = readFileSync(key ?? '', 'utf8');
  clientCertificate = readFileSync(certificate ?? '', 'utf8');
  server = await startFakeKubernetes({
    contextFor: (host) => authority.contextFor(host),
    token: TOKEN,
    clientCertificate: new X509Certificate(clientCertificate).fingerprint256,
  });
}, 120_000);
afterAll(async () => {
  await server.close();
  home.remove();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** JSON is YAML. */
function writeKubeconfig(host: string, user: object): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://${host}:${server.port}`,
          'certificate-authority-data': base64(authority.pem),
        },
      },
    ],
    users: [{ name: 'reader', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'reader', namespace: 'kube-system' } }],
    'current-context': 'test',
  };
  writeFileSync(path.join(home.directory, '.kube/config'), JSON.stringify(config), { mode: 0o600 });
}

interface Session {
  script: string;
  repeater?: string;
}

/** One session whose agent is a shell. */
function session({ script, repeater = '' }: Session): Promise<SessionOutcome> {
  const config = `
version: 1
repeaters:
  kubectl: { manifest: "turret:kubectl", cli: ${kubectl}, sandbox: required${repeater} }
rules:
  - id: read
    allow: [kubectl.*]
    where: { namespace: { in: [default, team-a] }, $readOnly: true, $secretOutput: false }
`;
  return runTurret({ home, config, env: {}, command: ['sh', '-c', script] });
}

describe('kubectl, declared', () => {
  it('reads from the cluster with a token the agent never sees, and leaves nothing behind', async () => {
    writeKubeconfig('localhost', { token: TOKEN });
    const before = server.requests.length;
    const { stdout, stderr, code } = await session({
      script: [
        'kubectl get po -o name',
        'kubectl -n team-a get pods -o jsonpath="{.items[*].metadata.name}"; echo',
        'kubectl logs web --tail=3',
        'turret call kubectl.get resource:=\'["pods"]\' name:=\'["worker"]\' output=name',
        'KUBECONFIG=/tmp/mine HTTPS_PROXY=http://127.0.0.1:9 kubectl version --short',
        'cat ~/.kube/config; env',
      ].join('\n'),
    });
    expect(stdout.toString().split('\n').slice(0, 5)).toEqual([
      'pod/web',
      'pod/worker',
      'billing',
      'web says hello, last 3 lines',
      'pod/worker',
    ]);
    expect(stdout.toString()).toContain('Server Version: v1.20.2-fake');
    expect(stderr).toContain('.kube/config');
    for (const secret of [TOKEN, base64(TOKEN)]) expect(stdout.toString() + stderr).not.toContain(secret);
    expect(code).toBe(0);
    const seen = server.requests.slice(before);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.filter(({ admitted }) => !admitted)).toEqual([]);
    // The context's own namespace is not what decides.
    expect(seen.map(({ line }) => line).filter((line) => line.includes('kube-system'))).toEqual([]);
    expect(readdirSync(home.workspace)).toEqual([]);
  });

  it('records what was read, and neither runs nor asks the cluster for what is denied or not declared', async () => {
    writeKubeconfig('localhost', { token: TOKEN });
    const before = server.requests.length;
    const { stdout, stderr, records } = await session({
      script: [
        'kubectl get pods -n kube-system; echo $?',
        'kubectl get pods -A; echo $?',
        'kubectl get secrets; echo $?',
        'kubectl exec web -- id; echo $?',
        'kubectl get pods --server=https://127.0.0.1:1; echo $?',
        'kubectl get --raw /api/v1/secrets; echo $?',
      ].join('\n'),
    });
    expect(stdout.toString()).toBe('126\n126\n126\n126\n126\n126\n');
    expect(stderr).toContain('it runs programs in pods');
    expect(stderr).toContain("the server is not the agent's to choose");
    expect(server.requests.length).toBe(before);
    const decided = records.filter(({ type }) => type === 'call.decided');
    expect(decided.map(({ action, effect }) => [action, effect])).toEqual([
      ['kubectl.get', 'deny'],
      ['kubectl.get', 'deny'],
      ['kubectl.get_secrets', 'deny'],
    ]);
  });

  it('proves who it is by a client certificate, through the one way out of its network', async () => {
    writeKubeconfig('kube.test', {
      'client-certificate-data': base64(clientCertificate),
      'client-key-data': base64(clientKey),
    });
    const { stdout, code } = await session({
      script: 'kubectl get pods -o name',
      repeater: `, network: ["kube.test:${server.port}=127.0.0.1:${server.port}"]`,
    });
    expect([stdout.toString(), code]).toEqual(['pod/web\npod/worker\n', 0]);
  });

  it('reaches no host that is not named, although its credential says so', async () => {
    writeKubeconfig('localhost', { token: TOKEN });
    const before = server.requests.length;
    const { stdout, stderr } = await session({
      script: 'kubectl get pods -o name; echo $?',
      repeater: `, network: ["kube.test:${server.port}=127.0.0.1:${server.port}"]`,
    });
    expect(stdout.toString()).toBe('1\n');
    expect(stderr).toMatch(/refused|Unable to connect/);
    expect(server.requests.length).toBe(before);
  });

  it('reaches what this machine does when its network is open', async () => {
    writeKubeconfig('localhost', { token: TOKEN });
    const { stdout } = await session({ script: 'kubectl get pods -o name', repeater: ', network: open' });
    expect(stdout.toString()).toBe('pod/web\npod/worker\n');
  });

  it('says which credential is missing', async () => {
    const { stderr } = await session({
      script: 'kubectl get pods',
      repeater: ', give: [{file: ~/.kube/other, path_option: --kubeconfig}]',
    });
    expect(stderr).toMatch(/the credential file .*\.kube\/other cannot be read \(ENOENT\)/);
  });

  it('does not tell its log the token', () => {
    const log = readFileSync(path.join(lastSession(home) ?? '', 'repeater-kubectl.log'), 'utf8');
    expect(log).not.toContain(TOKEN);
  });
});
