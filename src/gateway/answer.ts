// A running call to the HTTP answer its client gets, byte for byte as they come.

import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

import type { ClientCall } from '../client/client-call.js';
import { TurretError } from '../errors.js';
import { HTTP_ANSWER_HEAD_BYTES_MAX } from '../protocol/limits.js';

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Resolves when the client has everything. Rejects before the head was sent with what kept the call from being made.
 * @param base where the client finds this upstream: addresses that the repeater cut off are completed with it
 */
export async function passOn(call: ClientCall, response: ServerResponse, base: string): Promise<void> {
  const failed = call.finished.then(
    () => undefined,
    (error: unknown) => error,
  );
  // Nobody reads it: what is in it is in the answer too.
  call.stderr.resume();
  const chunks = (call.stdout as Readable)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head = await readHead(chunks, base);
  if (head === undefined) throw (await failed) ?? new TurretError('repeater_error', 'the answer has no head');
  response.writeHead(head.status, head.headers);
  response.flushHeaders();
  let bytes: Buffer | undefined = head.rest;
  while (bytes !== undefined) {
    if (bytes.length > 0 && !response.write(bytes)) await drained(response);
    const next: IteratorResult<Buffer> = await chunks.next();
    bytes = next.done === true ? undefined : next.value;
  }
  // An answer that broke off must not look like a whole one: what came of it goes out, the end that chunks have does not.
  if ((await failed) === undefined) response.end();
  else response.socket?.destroySoon();
}

async function readHead(
  chunks: AsyncIterator<Buffer>,
  base: string,
): Promise<{ status: number; headers: string[]; rest: Buffer } | undefined> {
  let read = Buffer.alloc(0);
  while (read.length <= HTTP_ANSWER_HEAD_BYTES_MAX) {
    const next = await chunks.next();
    if (next.done === true) return undefined;
    read = Buffer.concat([read, next.value]);
    const end = read.indexOf(END_OF_HEAD);
    if (end === -1) continue;
    const [first = '', ...lines] = read.subarray(0, end).toString('latin1').split('\r\n');
    const headers = lines.flatMap((line) => {
      const colon = line.indexOf(': ');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 2);
      if (name === 'location' && value.startsWith('/')) return [name, base + value];
      return [name, name === 'link' ? value.replaceAll('</', `<${base}/`) : value];
    });
    return { status: Number(first.split(' ')[1]), headers, rest: read.subarray(end + END_OF_HEAD.length) };
  }
  return undefined;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}
