// A local AWS. Listens on 127.0.0.1 over plain HTTP, answers for every service by credential scope and Host, and
// believes nothing: each request's SigV4 signature is recomputed with the registered secret.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, realpathSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { collectBody } from './aws/body.js';
import { addressOf, checkHost, isRead, prepare, type Addressed } from './aws/dispatch.js';
import { authError, AwsError, renderError } from './aws/errors.js';
import { sendHalf, takeFault, type AwsFault } from './aws/faults.js';
import { nameS3Operation, performS3 } from './aws/s3.js';
import { ACCOUNT_ID, createState, seedState, type AwsState } from './aws/state.js';
import { AuthFailure, readSignature, verifySignature, type AwsKey } from './aws/verify.js';
import { readWire, type AwsProtocol, type Reply, type WireRequest } from './aws/wire.js';
import { closeServer, listenOnLoopback, readFlags } from './loopback.js';
import { createRecorder, type RecordedRequest } from './recorder.js';

export type { AwsFault } from './aws/faults.js';
export type { AwsKey } from './aws/verify.js';
export { CANARY_ACCESS_KEY_ID, CANARY_SECRET_ACCESS_KEY } from './aws/query-services.js';

/** Keys that work when none are given. They open nothing but this fake. */
export const FAKE_AWS_KEY: AwsKey = {
  accessKeyId: 'AKIAFAKEFULL00000001',
  secretAccessKey: 'fakefullFAKEFULLfakefullFAKEFULLfake0001',
};
export const FAKE_AWS_READ_ONLY_KEY: AwsKey = {
  accessKeyId: 'AKIAFAKEREAD00000001',
  secretAccessKey: 'fakereadFAKEREADfakereadFAKEREADfake0001',
  readOnly: true,
};

export interface FakeAwsOptions {
  readonly keys?: readonly AwsKey[];
  readonly faults?: readonly AwsFault[];
  readonly port?: number;
  /** One JSON line per request is appended to this file. */
  readonly logFile?: string;
}

export interface FakeAws {
  readonly url: string;
  readonly requests: RecordedRequest[];
  readonly state: AwsState;
  /** May be added to while it runs. */
  readonly faults: AwsFault[];
  /** Puts the seeded buckets and tables back. */
  reset(): void;
  close(): Promise<void>;
}

const EMPTY_HASH = createHash('sha256').digest('hex');

interface Answered {
  readonly reply: Reply;
  readonly operation: string;
  readonly region: string;
  readonly keyId: string | null;
  readonly verified: boolean;
  readonly error: string | null;
}

/** Everything one request goes through; the fields fill up as it gets further, so a refusal is recorded truthfully. */
class Exchange {
  readonly wire: WireRequest;
  readonly keys: readonly AwsKey[];
  readonly state: AwsState;
  operation = '';
  region = '';
  keyId: string | null = null;
  verified = false;

  constructor(wire: WireRequest, keys: readonly AwsKey[], state: AwsState) {
    this.wire = wire;
    this.keys = keys;
    this.state = state;
  }

  async answer(unavailable: boolean): Promise<Answered> {
    const claim = readSignature(this.wire);
    const address = addressOf(this.wire, claim?.service);
    this.region = claim?.region ?? '';
    this.keyId = claim?.keyId ?? null;
    try {
      if (unavailable) throw new AwsError('ServiceUnavailable', 503, 'Please reduce your request rate.');
      return this.#done(await this.#perform(address), null);
    } catch (error) {
      const known = error instanceof AuthFailure ? authError(error.problem, address.protocol) : error;
      if (!(known instanceof AwsError)) throw error;
      return this.#done(renderError(known, address.protocol, this.wire.method), known.code);
    }
  }

  #done(reply: Reply, error: string | null): Answered {
    const { operation, region, keyId, verified } = this;
    return { reply, operation, region, keyId, verified, error };
  }

  async #verify(bodyHash: string): Promise<AwsKey> {
    const claim = readSignature(this.wire);
    if (claim === undefined) throw new AuthFailure('missing');
    const key = await verifySignature(this.wire, claim, { keys: this.keys, bodyHash, now: Date.now() });
    checkHost(this.wire, claim);
    this.verified = true;
    return key;
  }

  async #perform(address: Addressed): Promise<Reply> {
    if (address.service === 's3') return this.#performS3();
    const body = await collectBody(this.wire.body);
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const declared = this.wire.headers['x-amz-content-sha256'];
    if (declared !== undefined && declared !== bodyHash) throw new AuthFailure('bad-body');
    const key = await this.#verify(bodyHash);
    const call = prepare(this.wire, address, body);
    this.operation = `${address.service}.${call.operation}`;
    if (key.readOnly === true && !isRead(call.operation)) throw denied(this.operation, address.protocol);
    return call.perform({ region: this.region, keyId: key.accessKeyId, state: this.state });
  }

  /** S3 declares the hash in a header, so the signature is proved before the first byte of a body is read. */
  async #performS3(): Promise<Reply> {
    const { headers, method } = this.wire;
    const bodyHash = headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
    const key = await this.#verify(bodyHash);
    const bodiless = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
    if (bodiless && /^[0-9a-f]{64}$/.test(bodyHash) && bodyHash !== EMPTY_HASH)
      throw new AuthFailure('bad-body');
    const operation = nameS3Operation(this.wire);
    this.operation = `s3.${operation || 'unknown'}`;
    if (key.readOnly === true && method !== 'GET' && method !== 'HEAD')
      throw denied(this.operation, 'rest-xml');
    return performS3(this.wire, this.state, this.region);
  }
}

/** What a readOnly key gets for a write, in the words of the service. */
function denied(operation: string, protocol: AwsProtocol): AwsError {
  if (protocol === 'rest-xml') return new AwsError('AccessDenied', 403, 'Access Denied');
  const code =
    { ec2: 'UnauthorizedOperation', query: 'AccessDenied' }[protocol as string] ?? 'AccessDeniedException';
  const text = `User: arn:aws:iam::${ACCOUNT_ID}:user/reader is not authorized to perform: ${operation.replace('.', ':')}`;
  return new AwsError(code, code === 'AccessDeniedException' ? 400 : 403, text);
}

const lengthOf = ({ body }: Reply): number =>
  typeof body === 'string' ? Buffer.byteLength(body) : body.length;

async function send(
  response: ServerResponse,
  reply: Reply,
  options: { half: boolean; head: boolean },
): Promise<void> {
  const { body } = reply;
  if (typeof body === 'object' && !(body instanceof Uint8Array)) {
    response.writeHead(reply.status, reply.headers);
    // The status line must not wait for the first byte of a file.
    if (body.length === 0) response.end();
    else if (options.half) {
      const handle = await open(body.file);
      const { buffer } = await handle.read(Buffer.alloc(body.length), 0, body.length, body.start);
      await handle.close();
      sendHalf(response, buffer);
    } else
      await pipeline(
        createReadStream(body.file, { start: body.start, end: body.start + body.length - 1 }),
        response,
      );
    return;
  }
  const bytes = Buffer.from(body);
  const length =
    options.head || reply.status === 204 || reply.status === 304 ? {} : { 'content-length': bytes.length };
  response.writeHead(reply.status, { ...length, ...reply.headers });
  if (options.half) sendHalf(response, bytes);
  else response.end(bytes);
}

/** Starts the fake. Fails only when the port is taken or a file cannot be written. */
export async function startFakeAws(options: FakeAwsOptions = {}): Promise<FakeAws> {
  const keys = options.keys ?? [FAKE_AWS_KEY, FAKE_AWS_READ_ONLY_KEY];
  const faults: AwsFault[] = [...(options.faults ?? [])];
  const state = createState();
  const recorder = createRecorder(options.logFile);
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wire = readWire(message);
    let bytesIn = 0;
    message.on('data', (chunk: Buffer) => {
      bytesIn += chunk.length;
    });
    message.pause();
    const fault = takeFault(faults, wire);
    if (fault === 'hang') return;
    const answered = await new Exchange(wire, keys, state).answer(fault === 'unavailable');
    const { reply } = answered;
    recorder.record({
      fake: 'aws',
      method: wire.method,
      host: wire.host,
      path: wire.path,
      query: wire.rawQuery.replace(/((?:Signature|Security-Token)=)[^&]*/gi, '$1…'),
      operation: answered.operation,
      region: answered.region,
      credential: answered.keyId,
      verified: answered.verified,
      status: reply.status,
      error: fault ?? answered.error,
      bytesIn,
      bytesOut: lengthOf(reply),
    });
    await send(response, reply, { half: fault === 'half-body', head: wire.method === 'HEAD' });
  };
  const server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      // A client that went away in the middle is normal here; anything else is a bug of the fake and must be seen.
      if (!message.destroyed) process.stderr.write(`fake aws: ${String(error)}\n`);
      response.destroy();
    });
  });
  const url = await listenOnLoopback(server, options.port ?? 0);
  return {
    url,
    requests: recorder.requests,
    state,
    faults,
    reset: () => seedState(state),
    async close() {
      await closeServer(server);
      state.dispose();
    },
  };
}

/** `--state FILE` is JSON: { "keys": […], "faults": […] }. SIGHUP puts the seed back. */
async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2), ['state', 'log', 'port']);
  const seed: Pick<FakeAwsOptions, 'keys' | 'faults'> =
    flags['state'] === undefined ? {} : JSON.parse(readFileSync(flags['state'], 'utf8'));
  const fake = await startFakeAws({
    ...seed,
    port: Number(flags['port'] ?? '0'),
    ...(flags['log'] === undefined ? {} : { logFile: flags['log'] }),
  });
  process.on('SIGHUP', () => fake.reset());
  process.stdout.write(`${JSON.stringify({ url: fake.url })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void fake.close().then(() => process.exit(0));
    });
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main();
