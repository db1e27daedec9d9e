// The gateway: base URLs on loopback for programs that speak HTTP and want a key. It runs beside the agent, in the same
// sandbox, with the same token and with no right the agent has not: each request becomes a signed call to the broker, as
// a shim's does. It holds no secret but the session's bearer, and of that the hash.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import type { BrokerConnection } from '../client/broker-connection.js';
import { TurretError } from '../errors.js';
import type { GatewaySettings } from '../protocol/agent-directory.js';
import { GATEWAY_HEADER_BYTES_MAX, GATEWAY_HEADER_MS_MAX, HTTP_REQUESTS_MAX } from '../protocol/limits.js';
import { refusalOf } from './admission.js';
import { passOn } from './answer.js';
import { answerOf, answerTo } from './refusal.js';
import { readRequest } from './request.js';

/** Resolves when it listens. Rejects with the system's error when the port is taken. */
export async function serveGateway(settings: GatewaySettings, broker: BrokerConnection): Promise<void> {
  let running = 0;
  const server = createServer(
    {
      maxHeaderSize: GATEWAY_HEADER_BYTES_MAX,
      headersTimeout: GATEWAY_HEADER_MS_MAX,
      // A body may be long, and its sender slow.
      requestTimeout: 0,
      keepAliveTimeout: GATEWAY_HEADER_MS_MAX,
    },
    (request, response) => {
      const refusal = refusalOf(request.headersDistinct, settings);
      if (refusal !== undefined) return refuse(response, answerOf({ ...refusal, code: 'unauthenticated' }));
      if (running >= HTTP_REQUESTS_MAX)
        return refuse(
          response,
          answerOf({ status: 503, code: 'too_many_streams', message: 'too many requests at once' }),
        );
      running += 1;
      void serve(request, response, { settings, broker }).finally(() => (running -= 1));
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, '127.0.0.1', resolve);
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { settings, broker }: { settings: GatewaySettings; broker: BrokerConnection },
): Promise<void> {
  try {
    const { call: asked, body, alias } = await readRequest(request, settings.routes);
    const call = broker.call(asked);
    response.once('close', () => {
      if (response.writableFinished) return;
      call.cancel('the client is gone');
      call.stdout.destroy();
    });
    void call.running.then(({ stdin }) => {
      call.stdin.on('error', () => {}); // the call ended without all of it, and says why
      if (!stdin) return;
      if (Buffer.isBuffer(body)) call.stdin.end(body);
      else body.on('error', () => call.stdin.destroy()).pipe(call.stdin);
    });
    await passOn(call, response, `http://127.0.0.1:${settings.port}/${alias}`);
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    refuse(
      response,
      answerTo(error instanceof TurretError ? error : new TurretError('internal', 'something broke')),
    );
  }
}

function refuse(response: ServerResponse, { status, headers, body }: ReturnType<typeof answerOf>): void {
  // What is left of the request is not read.
  response.writeHead(status, { ...headers, connection: 'close' }).end(body);
}
