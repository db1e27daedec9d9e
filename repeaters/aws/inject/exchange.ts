// One request of the CLI, from the tunnel to the upstream and back:
// read → verify the dummy signature → recognise → compare with the approval → sign again → relay.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { TurretError } from '../../../src/errors.js';
import { INJECTOR_BODY_BYTES_MAX } from '../../../src/protocol/limits.js';
import type { Admission } from './admission.js';
import { notApproved } from './approved.js';
import { copySourceOf } from './copy-source.js';
import { addressOf, type Address, type WireTables } from './hosts.js';
import { nativeError, protocolOf } from './native-error.js';
import { relay } from './relay.js';
import { resign, type Credential } from './resign.js';
import { s3AddressOf, type S3Address } from './s3-address.js';
import type { Upstream } from './upstream.js';
import { declaredPayload, parseAuthorization, verifySignature, type Authorization } from './verify.js';
import { modelsAt, wireOperations } from './wire-operation.js';
import { queryPairs, readWireRequest, type WireRequest } from './wire-request.js';

export interface ExchangeContext {
  admission: Admission;
  /** Host of the tunnel. */
  host: string;
  tables: WireTables;
  upstream: Upstream;
  credentials: () => Promise<Credential>;
  now: () => number;
}

export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** The client sent `Expect: 100-continue`. */
  expects: boolean;
}

/** Services whose bodies are streamed: their hash is in a signed header, and nothing in them names the operation. */
const STREAMED: ReadonlySet<string> = new Set(['s3', 's3-object-lambda', 's3-outposts', 'glacier']);

/** Never throws: what goes wrong is said to the CLI in the words of its service. */
export async function handle(exchange: Exchange, context: ExchangeContext): Promise<void> {
  let request: WireRequest | undefined;
  let model: string | undefined;
  try {
    context.admission.countRequest();
    request = readWireRequest(exchange.incoming, context.host);
    const authorization = parseAuthorization(request);
    const place = placeOf(request, authorization, context);
    model = place.models[0];
    await perform(exchange, context, { request, authorization, place });
  } catch (error) {
    if (context.admission.ended.signal.aborted || exchange.outgoing.headersSent) {
      exchange.outgoing.destroy();
      return;
    }
    const failure = describe(error, context);
    const service = model === undefined ? undefined : context.tables.routes(model);
    const native = nativeError(protocolOf(request, model, service), failure);
    // The rest of the body is not read, so the connection cannot be used again.
    exchange.outgoing.writeHead(failure.status, { ...native.headers, connection: 'close' });
    exchange.outgoing.end(request?.method === 'HEAD' ? undefined : native.body);
  }
}

function describe(
  error: unknown,
  { admission, host }: ExchangeContext,
): { status: number; code: string; message: string } {
  if (error instanceof TurretError) {
    admission.refuse(error.message);
    return { status: 403, code: 'AccessDenied', message: `turret: ${error.message}` };
  }
  // Names a system error (ECONNREFUSED), never what was sent. The CLI tries again as it does for any lost connection.
  const cause = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  return { status: 502, code: 'BadGateway', message: `turret: no answer from ${host}: ${cause}` };
}

interface Place {
  address: Address;
  s3: S3Address | undefined;
  models: string[];
}

function placeOf(
  request: WireRequest,
  { scope }: Authorization,
  { admission, tables }: ExchangeContext,
): Place {
  const s3 =
    scope.service === 's3' ? s3AddressOf(request.host, request.path, scope.region, tables) : undefined;
  const address = s3
    ? { base: request.host, prefixes: [''], global: false }
    : addressOf(request.host, scope, tables);
  const regional =
    scope.region === admission.region || (s3 !== undefined && admission.bucketRegions.has(scope.region));
  if (!regional && !address.global) {
    throw new TurretError('denied', `region ${scope.region} is not the approved one, ${admission.region}`);
  }
  return { address, s3, models: s3 ? ['s3'] : modelsAt(address, scope.service, tables) };
}

interface Understood {
  request: WireRequest;
  authorization: Authorization;
  place: Place;
}

async function perform(exchange: Exchange, context: ExchangeContext, understood: Understood): Promise<void> {
  const { incoming, outgoing, expects } = exchange;
  const { admission, upstream, tables } = context;
  const { request, authorization, place } = understood;
  const streamed = STREAMED.has(authorization.scope.service) && declaredPayload(request) !== undefined;
  const verifyWith = { dummy: admission.dummy, now: context.now() };
  // Streamed bodies are verified before the first byte is read; others need their bytes to be verified.
  if (streamed) verifySignature(request, authorization, { ...verifyWith, body: undefined });
  if (!streamed && expects) outgoing.writeContinue();
  const body = streamed ? undefined : await readBody(incoming);
  if (!streamed) verifySignature(request, authorization, { ...verifyWith, body });
  const { s3, address, models } = place;
  const operations = wireOperations({
    request,
    path: s3?.path ?? request.path,
    address,
    models,
    tables,
    body,
  });
  refusePresigned(body);
  const target = s3 && {
    buckets: s3.buckets,
    key: s3.key,
    listPrefix: listPrefix(request),
    copySource: copySourceOf(request),
  };
  const refusal = notApproved(operations, admission.allow, target);
  const asksRegion =
    admission.redirected &&
    s3 !== undefined &&
    s3.key === undefined &&
    operations[0]?.operations[0] === 'HeadBucket';
  if (
    refusal !== undefined &&
    !(asksRegion && admission.allow.some(({ bucket }) => bucket !== undefined && s3.buckets.includes(bucket)))
  ) {
    throw new TurretError('denied', refusal);
  }
  if (upstream.pinned && s3?.accessPoint)
    throw new TurretError('denied', 'access points need the real S3, not a pinned endpoint');
  const credential = await context.credentials();
  const signed = await resign({
    request,
    scope: authorization.scope,
    credential,
    hostHeader: upstream.hostHeader(request.host),
    path: upstream.pinned && s3 ? s3.path : request.path,
    body,
    now: context.now(),
  });
  if (streamed && expects) signed.headers['expect'] = '100-continue';
  const content: Readable | Buffer = body ?? incoming;
  const onContinue = streamed && expects ? () => outgoing.writeContinue() : undefined;
  admission.countSent();
  // A CLI that goes away mid-request wants no answer: what it asked for is not carried on without it.
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  const signal = AbortSignal.any([admission.ended.signal, gone.signal]);
  const response = await upstream.send(request.host, signed, { content, onContinue }, signal);
  if (s3) learnRegion(admission, response);
  await relay(response, exchange, {
    credential,
    protocol: protocolOf(request, models[0], tables.routes(models[0] ?? '')),
  });
}

/** A bucket in another region: the upstream says where, and the CLI signs again for there. */
function learnRegion(admission: Admission, response: IncomingMessage): void {
  const region = response.headers['x-amz-bucket-region'];
  if (typeof region === 'string' && /^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
    admission.bucketRegions.add(region);
  if ([301, 307, 400].includes(response.statusCode ?? 0)) admission.redirected = true;
}

function listPrefix(request: WireRequest): string | undefined {
  return queryPairs(request.query).find(([name]) => name === 'prefix')?.[1];
}

/** A URL inside a body, signed with the dummy key: signing it again would be an approval nobody gave. */
function refusePresigned(body: Buffer | undefined): void {
  if (body && /(?:^|&)(?:[\w.]*\.)?pre-?signed-?url=/i.test(body.toString('latin1'))) {
    throw new TurretError('denied', 'copies between regions that carry a presigned URL are not supported');
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let total = declared > INJECTOR_BODY_BYTES_MAX ? declared : 0;
  if (total === 0) {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > INJECTOR_BODY_BYTES_MAX) break;
      chunks.push(chunk);
    }
  }
  if (total > INJECTOR_BODY_BYTES_MAX) {
    throw new TurretError('denied', `a request body past ${INJECTOR_BODY_BYTES_MAX} bytes cannot be signed`);
  }
  return Buffer.concat(chunks);
}
