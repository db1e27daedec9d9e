import { decodeCbor, encodeCbor } from './cbor.js';
import { ec2 } from './ec2.js';
import { AwsError, REQUEST_ID } from './errors.js';
import { dynamodb, ecs, eks, lambda, logs, secretsmanager } from './json-services.js';
import { cloudformation, cloudwatch, iam, rds, sqs, sts } from './query-services.js';
import { isJson, type AwsService, type Json, type ServiceCall } from './service.js';
import { isS3Host } from './s3-address.js';
import { parsePairs, type AwsProtocol, type Reply, type WireRequest } from './wire.js';
import { document, Xml, xml } from './xml.js';

/** By SigV4 signing name. S3 is served apart: its bodies are streams. */
const SERVICES: Readonly<Record<string, AwsService>> = {
  sts,
  ec2,
  logs,
  lambda,
  monitoring: cloudwatch,
  eks,
  ecs,
  dynamodb,
  iam,
  cloudformation,
  rds,
  secretsmanager,
  sqs,
};

export interface Addressed {
  /** Signing name; '' when neither scope nor host tells. */
  readonly service: string;
  readonly protocol: AwsProtocol;
}

/** What protocol the client speaks, so that even a refusal is one it can read. */
export function addressOf(wire: WireRequest, scopeService: string | undefined): Addressed {
  const host = wire.host.replace(/:\d+$/, '');
  const byHost = isS3Host(host)
    ? 's3'
    : Object.keys(SERVICES).find((name) =>
        SERVICES[name]?.hosts.some((label) => host.split('.').includes(label)),
      );
  const service = scopeService ?? (host.endsWith('.amazonaws.com') ? byHost : undefined) ?? '';
  if (service === 's3') return { service, protocol: 'rest-xml' };
  if (wire.headers['smithy-protocol'] === 'rpc-v2-cbor') return { service, protocol: 'cbor' };
  if (wire.headers['x-amz-target'] !== undefined) return { service, protocol: 'json' };
  const known = SERVICES[service]?.protocol;
  if (known === 'ec2' || known === 'rest-json') return { service, protocol: known };
  const isForm = (wire.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return {
    service,
    protocol: isForm || wire.query.has('Action') || known !== undefined ? 'query' : 'rest-xml',
  };
}

/** A true AWS host must be one of the service that was signed for, in the region that was signed for. */
export function checkHost(wire: WireRequest, scope: { service: string; region: string }): void {
  const host = wire.host.replace(/:\d+$/, '');
  if (!host.endsWith('.amazonaws.com')) return;
  const labels = host.split('.');
  const right =
    scope.service === 's3'
      ? isS3Host(host)
      : (SERVICES[scope.service]?.hosts.some((name) => labels.includes(name)) ?? true);
  const region = labels.find((label) => /^[a-z]{2}(?:-[a-z]+)+-\d$/.test(label));
  if (!right || (region !== undefined && region !== scope.region)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      403,
      'Credential should be scoped to a valid region and correct service.',
    );
  }
}

function operationOf(wire: WireRequest, service: AwsService | undefined, form: ServiceCall['form']): string {
  const target = wire.headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  const rpc = /^\/service\/[^/]+\/operation\/([^/]+)$/.exec(wire.path)?.[1];
  if (rpc !== undefined) return rpc;
  const route = service?.routes?.find(([method, path]) => method === wire.method && path.test(wire.path));
  return route?.[2] ?? form.get('Action')?.[0] ?? '';
}

const READ = /^(?:Get|List|Describe|Head|Filter|Query|Scan|BatchGet|Search|Lookup)/;

/** Whether a readOnly key may do this. GetCallerIdentity and secrets are reads to AWS too; only writes are refused. */
export const isRead = (operation: string): boolean => READ.test(operation);

function bodyMembers(protocol: AwsProtocol, wire: WireRequest, body: Buffer): Json {
  if (protocol === 'rest-json')
    return Object.fromEntries([...wire.query].map(([name, [value]]) => [name, value]));
  if (body.length === 0 || protocol === 'query' || protocol === 'ec2') return {};
  try {
    const value: unknown = protocol === 'cbor' ? decodeCbor(body) : JSON.parse(body.toString());
    if (isJson(value)) return value;
  } catch {
    // Answered below as the services do: bytes that are no document are a SerializationException.
  }
  throw new AwsError('SerializationException', 400, 'could not parse the request body');
}

function success(protocol: AwsProtocol, operation: string, service: AwsService, answer: Xml | Json): Reply {
  const headers = { 'x-amzn-requestid': REQUEST_ID };
  if (!(answer instanceof Xml)) {
    if (protocol === 'cbor') {
      const cbor = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
      return { status: 200, headers: { ...headers, ...cbor }, body: encodeCbor(answer) };
    }
    return {
      status: 200,
      headers: {
        ...headers,
        'content-type': protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json',
      },
      body: JSON.stringify(answer),
    };
  }
  const root = `${operation}Response`;
  const inner =
    protocol === 'ec2'
      ? xml`<requestId>${REQUEST_ID}</requestId>${answer}`
      : xml`${new Xml(`<${operation}Result>`)}${answer}${new Xml(`</${operation}Result>`)}<ResponseMetadata><RequestId>${REQUEST_ID}</RequestId></ResponseMetadata>`;
  const body = document(new Xml(`<${root} xmlns="${service.namespace}">${inner.text}</${root}>`));
  return { status: 200, headers: { ...headers, 'content-type': 'text/xml' }, body };
}

export interface PreparedCall {
  readonly operation: string;
  perform(call: Pick<ServiceCall, 'region' | 'keyId' | 'state'>): Reply;
}

/** Reads a buffered request of any service but S3. Performing throws AwsError; unknown operations are the service's own error. */
export function prepare(wire: WireRequest, address: Addressed, body: Buffer): PreparedCall {
  const service = SERVICES[address.service];
  const isForm = address.protocol === 'query' || address.protocol === 'ec2';
  const form = isForm
    ? new Map([...wire.query, ...parsePairs(body.toString(), { plusIsSpace: true })])
    : new Map<string, string[]>();
  const operation = operationOf(wire, service, form);
  return {
    operation: operation || 'unknown',
    perform(call) {
      const act = service?.operations[operation];
      if (service === undefined || act === undefined) throw unknownOperation(address.protocol, operation);
      const json = bodyMembers(address.protocol, wire, body);
      return success(
        address.protocol,
        operation,
        service,
        act({ ...call, protocol: address.protocol, form, json }),
      );
    },
  };
}

function unknownOperation(protocol: AwsProtocol, operation: string): AwsError {
  const what = operation.replace(/[^A-Za-z0-9]/g, '');
  if (protocol === 'query' || protocol === 'ec2') {
    return new AwsError('InvalidAction', 400, `The action ${what} is not valid for this web service.`);
  }
  return new AwsError('UnknownOperationException', 404, `unknown operation ${what}`.trim());
}
