// The one place that opens a connection to AWS, or to where the operator pinned it. Certificates are verified as
// Node does it; the CLI's own network settings have no say here.

import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Outgoing } from './resign.js';

/** How long an upstream may keep us waiting for `100 Continue` before the body is sent anyway (RFC 9110 §10.1.1). */
const CONTINUE_MS = 1_000;
const SOCKETS_MAX = 64;

export interface Body {
  content: Readable | Buffer;
  /** The client waits for `100 Continue`; called when it may send. */
  onContinue?: (() => void) | undefined;
}

export interface Upstream {
  /** Host header for a request to this AWS host. */
  hostHeader(host: string): string;
  /** S3 buckets go into the path: a pinned endpoint has one host name. */
  readonly pinned: boolean;
  send(host: string, outgoing: Outgoing, body: Body, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

/** @param endpoint where the operator pinned all requests: `http:` or `https:`, no path */
export function createUpstream(endpoint: URL | undefined): Upstream {
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'lifo' } as const;
  const plain = new HttpAgent(options);
  // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED cannot say otherwise.
  const secure = new HttpsAgent({ ...options, minVersion: 'TLSv1.2', rejectUnauthorized: true });
  const open = (host: string, outgoing: Outgoing, signal: AbortSignal): ClientRequest => {
    const { method, target: path, headers } = outgoing;
    const common = { method, path, headers, signal, setHost: false };
    if (!endpoint) return httpsRequest({ ...common, agent: secure, host, port: 443 });
    const hostname = endpoint.hostname.replace(/^\[(.*)\]$/, '$1');
    return endpoint.protocol === 'https:'
      ? httpsRequest({ ...common, agent: secure, host: hostname, port: endpoint.port || 443 })
      : httpRequest({ ...common, agent: plain, host: hostname, port: endpoint.port || 80 });
  };
  return {
    hostHeader: (host) => endpoint?.host ?? host,
    pinned: endpoint !== undefined,
    send: (host, outgoing, body, signal) => send(open(host, outgoing, signal), body),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function send(request: ClientRequest, { content, onContinue }: Body): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let answered = false;
    request.once('response', (response) => {
      answered = true;
      resolve(response);
    });
    // An upstream that has answered may stop reading: what breaks after the answer is the answer's business.
    request.on('error', (error) => {
      if (!answered) reject(error);
    });
    if (Buffer.isBuffer(content)) {
      request.end(content);
      return;
    }
    const start = (): void => {
      pipeline(content, request).catch((error: unknown) => {
        if (!answered) reject(error instanceof Error ? error : new Error('the body could not be sent'));
      });
    };
    if (!onContinue) {
      start();
      return;
    }
    let started = false;
    const proceed = (): void => {
      clearTimeout(timer);
      if (started || answered || request.destroyed) return;
      started = true;
      onContinue();
      start();
    };
    const timer = setTimeout(proceed, CONTINUE_MS);
    request.once('continue', proceed);
    request.once('close', () => clearTimeout(timer));
    request.once('response', () => clearTimeout(timer));
    request.flushHeaders();
  });
}
