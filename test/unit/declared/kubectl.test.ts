// repeaters/kubectl/kubectl.yaml: what each command line of an agent becomes.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Declared, planDeclared, resolveDeclared } from '../../../repeaters/declared/resolve.js';
import { toolOf } from '../../../repeaters/declared/tool.js';
import { parseManifest } from '../../../src/config/manifest.js';
import { TurretError } from '../../../src/errors.js';
import { CAUTIOUS } from '../../../src/protocol/messages.js';

const file = fileURLToPath(new URL('../../../repeaters/kubectl/kubectl.yaml', import.meta.url));
const { value: manifest, problems } = parseManifest(readFileSync(file), file);
const kubectl: Declared = { name: 'kubectl', tools: ['kubectl'], tool: toolOf(manifest ?? {}) };

const resolve = (words: string) =>
  resolveDeclared({ tool: 'kubectl', argv: words.split(' ').filter(Boolean), cwd: '/w' }, kubectl);
const rebuilt = (words: string) => planDeclared(resolve(words), kubectl, (path) => path).join(' ');
const capability = (words: string) => resolve(words).capabilities[0];

describe('the manifest of kubectl', () => {
  it('has no problem', () => expect(problems).toEqual([]));

  it('says what an action reads and which secrets it prints', () => {
    expect(capability('get pods').annotations).toEqual({
      ...CAUTIOUS,
      readOnly: true,
      destructive: false,
      idempotent: true,
      untrustedOutput: true,
    });
    expect(capability('get secrets').annotations).toMatchObject({ readOnly: true, secretOutput: true });
    for (const action of manifest?.actions ?? []) expect(action.annotations?.readOnly).toBe(true);
  });
});

describe('a command line of kubectl', () => {
  it.each([
    ['get pods', 'get --namespace=default -- pods'],
    ['get po web -n prod -o yaml', 'get --namespace=prod --output=yaml -- pods web'],
    ['-n prod get po/web', 'get --namespace=prod -- pods web'],
    ['get --namespace=prod svc,deploy', 'get --namespace=prod -- services,deployments'],
    ['get pods -A', 'get --all-namespaces -- pods'],
    ['get no -o wide', 'get --namespace=default --output=wide -- nodes'],
    ['get secret db -o json', 'get --namespace=default --output=json -- secrets db'],
    [
      'get pods -o jsonpath={.items[*].metadata.name}',
      'get --namespace=default --output=jsonpath={.items[*].metadata.name} -- pods',
    ],
    ['get -w pods', 'get --namespace=default --watch=true -- pods'],
    ['describe deploy/web', 'describe --namespace=default -- deployments web'],
    [
      'logs -f deploy/web -c main --since 10m --tail -1',
      'logs --container=main --follow=true --namespace=default --since=10m --tail=-1 -- deploy/web',
    ],
    ['logs -l app=web --tail=5', 'logs --namespace=default --selector=app=web --tail=5'],
    ['top po', 'top pods --namespace=default'],
    ['top no web-1', 'top nodes --namespace=default -- web-1'],
    ['auth can-i create pods', 'auth can-i --namespace=default -- create pods'],
    [
      'rollout status deploy/web --watch=false',
      'rollout status --namespace=default --watch=false -- deployments web',
    ],
    ['version --client', 'version --client=true --namespace=default'],
    [
      'api-resources --verbs=list,get -o name',
      'api-resources --namespace=default --output=name --verbs=list,get',
    ],
    ['explain pod.spec', 'explain --namespace=default -- pod.spec'],
    ['get pods -- web', 'get --namespace=default -- pods web'],
  ])('%s runs as %s', (typed, runs) => {
    expect(rebuilt(typed)).toBe(runs);
    expect(rebuilt(runs)).toBe(runs);
  });

  it.each([
    ['exec web -- sh', 'runs programs in pods'],
    ['exec -it web sh', 'runs programs in pods'],
    ['-n prod exec web -- sh', 'runs programs in pods'],
    ['port-forward web 80', 'opens the network'],
    ['proxy', 'opens the API server'],
    ['config view --raw', 'shows and changes the credentials'],
    ['delete pod web', 'not a command that is declared'],
    ['apply -f -', 'not a command that is declared'],
    ['', 'no command'],
    ['foo', 'not a command that is declared'],
    ['get', 'needs resource'],
    ['get pods --kubeconfig=/tmp/mine', 'not the agent'],
    ['--kubeconfig /tmp/mine get pods', 'not the agent'],
    ['--kubeconfig=/tmp/mine get pods', 'not the agent'],
    ['get pods --server=https://evil', 'not the agent'],
    ['get pods -s https://evil', 'not the agent'],
    ['get pods --token=x', 'not the agent'],
    ['get pods --as=root', 'somebody else'],
    ['get -f https://evil/x.yaml', 'not a declared option'],
    ['get pods --filename=/x', 'not read'],
    ['get -fhttps://evil/x.yaml', 'not a declared option'],
    ['get pods -ojson', 'joins -o'],
    ['get pods -Aojson', 'joins -A'],
    ['get pods -n=prod', 'joins -n'],
    ['get pods -nprod', 'joins -n'],
    ['get pods --names prod', 'not a declared option'],
    ['get pods -o go-template={{.}}', 'not one of the words'],
    ['get pods -o go-template-file=/etc/passwd', 'not one of the words'],
    ['get pods -o jsonpath-file=/etc/passwd', 'not one of the words'],
    ['get pods -o custom-columns-file=/etc/passwd', 'not one of the words'],
    ['get pods -o yaml -o json', 'twice'],
    ['get pods -n a --namespace b', 'twice'],
    ['get pods -A -n kube-system', 'about every namespace'],
    ['get pods -n --all-namespaces', 'not a name'],
    ['get pods -l --watch', 'not a value'],
    ['get pods -n', 'no value'],
    ['get pods -A=true', 'joins -A'],
    ['get pods --all-namespaces=true', 'takes no value'],
    ['get --raw /api/v1/secrets', 'path of the API'],
    ['get pods,secrets', 'not one of the words'],
    ['get pods,nodes', 'not one of the words'],
    ['get secrets,pods', 'not one of the words'],
    ['get pods/web secrets/db', 'one word too many'],
    ['get all', 'not one of the words'],
    ['get SECRETS', 'not one of the words'],
    ['get secrets.v1.', 'not one of the words'],
    ['get pods -- -w', 'not a value'],
    ['get pods -- --kubeconfig=/tmp/x', 'not a value'],
    ['describe secret db', 'not one of the words'],
    ['logs web main', 'one word too many'],
    ['logs web --insecure-skip-tls-verify-backend', 'prove'],
    ['-v=9 get pods', 'not a command'],
    ['--v=9 get pods', 'credentials in it'],
    ['get pods\u0001', 'not one of the words'],
    ['get pods web\u202e', 'not a value'],
  ])('%s is refused: %s', (typed, why) => {
    expect(() => resolve(typed)).toThrow(why);
  });

  it('tells policy which namespace and names it touches, or that it cannot', () => {
    expect(capability('get pods web').params).toEqual({
      namespace: 'default',
      resource: ['pods'],
      name: ['web'],
    });
    expect(capability('get pods web').unbounded).toBeUndefined();
    expect(capability('get pods').unbounded).toEqual(['name']);
    expect(capability('get pods -A')).toMatchObject({
      params: { resource: ['pods'], all_namespaces: true },
      unbounded: ['name', 'namespace'],
    });
    expect(capability('describe pods web').unbounded).toEqual(['name']);
  });

  it('is an action by name too, with the same params and no others', () => {
    const call = (params: Record<string, string | string[] | number>) =>
      resolveDeclared({ action: 'kubectl.get', params }, kubectl);
    expect(call({ resource: ['pods'], namespace: 'prod' })).toEqual(resolve('get pods -n prod'));
    for (const params of [
      { resource: 'pods' },
      { resource: ['po'] },
      { resource: ['secrets'] },
      { resource: ['pods'], namespace: '--all-namespaces' },
      { resource: ['pods'], name: ['--kubeconfig=/tmp/x'] },
      { resource: ['pods'], name: ['-A'] },
      { resource: ['pods'], output: 'yaml --watch' },
      { resource: ['pods'], chunk_size: '5' },
      { resource: ['pods'], kubeconfig: '/tmp/x' },
      { resource: ['pods,secrets'] },
    ])
      expect(() => call(params)).toThrow(TurretError);
    expect(() => resolveDeclared({ action: 'kubectl.delete', params: {} }, kubectl)).toThrow('no action');
  });
});
