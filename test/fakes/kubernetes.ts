// An API server of Kubernetes on loopback, as much of it as kubectl needs to read. Every request has to prove who it is:
// by its bearer token, or by the client certificate it was told of.

import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

export interface FakeKubernetes {
  readonly port: number;
  /** `METHOD path?query`, and whether it was let in. */
  readonly requests: readonly { line: string; admitted: boolean }[];
  close(): Promise<void>;
}

export interface FakeKubernetesOptions {
  /** The identity for a name of this server. */
  contextFor: (host: string) => SecureContext;
  token: string;
  /** SHA-256 fingerprint, as Node writes it. */
  clientCertificate?: string;
}

const META = { resourceVersion: '1' };
const CREATED = '2026-01-01T00:00:00Z';

function resource(name: string, kind: string, namespaced: boolean, shortNames: string[] = []): object {
  return {
    name,
    singularName: kind.toLowerCase(),
    namespaced,
    kind,
    verbs: ['get', 'list', 'watch'],
    shortNames,
  };
}

const pod = (namespace: string, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace,
    uid: `${namespace}-${name}`,
    creationTimestamp: CREATED,
    labels: { app: name },
  },
  spec: { containers: [{ name: 'main', image: 'registry.test/web:1' }], nodeName: 'node-1' },
  status: { phase: 'Running' },
});

const PODS: Record<string, string[]> = { default: ['web', 'worker'], 'team-a': ['billing'] };

/** What there is, by path; a function of the query for logs. */
function answer(path: string, query: URLSearchParams): object | string | undefined {
  switch (path) {
    case '/version':
      return { major: '1', minor: '20', gitVersion: 'v1.20.2-fake', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: [] };
    case '/api/v1':
      return {
        kind: 'APIResourceList',
        groupVersion: 'v1',
        resources: [
          resource('pods', 'Pod', true, ['po']),
          resource('secrets', 'Secret', true),
          resource('nodes', 'Node', false, ['no']),
        ],
      };
    case '/api/v1/nodes':
      return list('Node', [
        { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', creationTimestamp: CREATED } },
      ]);
    default:
      return inNamespace(path, query);
  }
}

function inNamespace(path: string, query: URLSearchParams): object | string | undefined {
  if (path === '/api/v1/pods')
    return list(
      'Pod',
      Object.entries(PODS).flatMap(([space, names]) => names.map((name) => pod(space, name))),
    );
  const [, namespace = '', kind, name, what] =
    /^\/api\/v1\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
  const names = PODS[namespace] ?? [];
  if (kind === 'secrets') return list('Secret', []);
  if (kind !== 'pods') return undefined;
  if (name === undefined)
    return list(
      'Pod',
      names.map((each) => pod(namespace, each)),
    );
  if (!names.includes(name)) return undefined;
  if (what === 'log') return `${name} says hello, last ${query.get('tailLines') ?? 'all'} lines\n`;
  return what === undefined ? pod(namespace, name) : undefined;
}

function list(kind: string, items: object[]): object {
  return { apiVersion: 'v1', kind: `${kind}List`, metadata: META, items };
}

function status(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

function isAdmitted(request: IncomingMessage, { token, clientCertificate }: FakeKubernetesOptions): boolean {
  if (request.headers.authorization === `Bearer ${token}`) return true;
  const { fingerprint256 } = (request.socket as TLSSocket).getPeerCertificate();
  return clientCertificate !== undefined && fingerprint256 === clientCertificate;
}

function respond(response: ServerResponse, body: object | string | undefined): void {
  const found = body ?? status(404, 'NotFound', 'the server could not find the requested resource');
  response.writeHead(body === undefined ? 404 : 200, {
    'content-type': typeof found === 'string' ? 'text/plain' : 'application/json',
  });
  response.end(typeof found === 'string' ? found : JSON.stringify(found));
}

export async function startFakeKubernetes(options: FakeKubernetesOptions): Promise<FakeKubernetes> {
  const requests: { line: string; admitted: boolean }[] = [];
  const { contextFor } = options;
  const server: Server = createServer(
    {
      requestCert: true,
      rejectUnauthorized: false,
      SNICallback: (host, done) => done(null, contextFor(host)),
    },
    (request, response) => {
      const admitted = isAdmitted(request, options);
      requests.push({ line: `${request.method} ${request.url}`, admitted });
      if (!admitted) {
        response.writeHead(401, { 'content-type': 'application/json' });
        return void response.end(JSON.stringify(status(401, 'Unauthorized', 'Unauthorized')));
      }
      const { pathname, searchParams } = new URL(request.url ?? '/', 'https://fake');
      respond(response, answer(pathname, searchParams));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
