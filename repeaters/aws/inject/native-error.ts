// A refusal in the words of the service, inside TLS: the CLI prints it as it prints every service error, and does
// not try again. 403 AccessDenied is what the CLIs never retry.

import type { WireService } from '../tables/types.js';
import type { WireRequest } from './wire-request.js';

export interface NativeError {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** @param protocol of the route table; undefined when the service is not known */
export function nativeError(
  protocol: string | undefined,
  error: { code: string; message: string },
): NativeError {
  const { code, message } = error;
  switch (protocol) {
    case 'ec2':
      return xml(`<Response><Errors><Error>${codeAndMessage(error)}</Error></Errors></Response>`);
    case 's3':
      return xml(`<Error>${codeAndMessage(error)}</Error>`);
    case 'query':
    case 'rest-xml':
      return xml(`<ErrorResponse><Error><Type>Sender</Type>${codeAndMessage(error)}</Error></ErrorResponse>`);
    case 'smithy-rpc-v2-cbor': {
      const pairs = ['__type', `${code}Exception`, 'message', message].map(cborText);
      return answer('application/cbor', Buffer.concat([Buffer.from([0xa2]), ...pairs]), {
        'smithy-protocol': 'rpc-v2-cbor',
      });
    }
    default: {
      const body = JSON.stringify({ __type: `${code}Exception`, message });
      return answer('application/x-amz-json-1.1', Buffer.from(body), {
        'x-amzn-errortype': `${code}Exception`,
      });
    }
  }
}

/** Protocol in which the sender of this request reads errors, by what it sent. */
export function protocolOf(
  request: WireRequest | undefined,
  model: string | undefined,
  service: WireService | undefined,
): string | undefined {
  if (request?.headers.has('x-amz-target')) return 'json';
  if (request?.headers.has('smithy-protocol')) return 'smithy-rpc-v2-cbor';
  if (model === 's3') return 's3';
  if (service) return service.p;
  if (/^(?:.*\.)?s3[.-]/.test(request?.host ?? '')) return 's3';
  const form = request?.headers.get('content-type')?.[0]?.startsWith('application/x-www-form-urlencoded');
  return form ? 'query' : undefined;
}

function answer(type: string, body: Buffer, more: Record<string, string> = {}): NativeError {
  return {
    status: 403,
    headers: { 'content-type': type, 'content-length': String(body.length), ...more },
    body,
  };
}

function xml(inner: string): NativeError {
  return answer('application/xml', Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${inner}`));
}

function codeAndMessage({ code, message }: { code: string; message: string }): string {
  return `<Code>${code}</Code><Message>${escaped(message)}</Message>`;
}

function escaped(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** RFC 8949 §3.1 major type 3, lengths up to 65535. */
function cborText(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 65_535);
  const head = Buffer.from([0x79, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([head, bytes]);
}
