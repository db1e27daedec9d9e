import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { AwsError } from './errors.js';
import type { WireRequest } from './wire.js';

export const BODY_BYTES_MAX = 80 * 1024 * 1024;

/** What was learnt while a body went past; the body itself is in a file. */
export interface BodyFacts {
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
  readonly crc32: string;
}

/** A body in memory, for everything but S3 objects. */
export async function collectBody(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX)
      throw new AwsError('RequestEntityTooLarge', 413, 'the request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const malformed = (what: string): AwsError =>
  new AwsError('InvalidRequest', 400, `malformed aws-chunked body: ${what}`);

/** Takes the aws-chunked framing off (size line, data, …, zero chunk, trailers) without holding more than one read. */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let left = 0;
  let state = 'size' as 'size' | 'data' | 'after' | 'trailer' | 'end';
  const line = (): string | undefined => {
    const end = held.indexOf('\r\n');
    if (end < 0) {
      if (held.length > 16_384) throw malformed('line too long');
      return undefined;
    }
    const text = held.toString('latin1', 0, end);
    held = held.subarray(end + 2);
    return text;
  };
  for await (const chunk of source) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (state === 'data') {
        const piece = held.subarray(0, left);
        held = held.subarray(piece.length);
        left -= piece.length;
        if (piece.length > 0) yield piece;
        if (left > 0) break;
        state = 'after';
      }
      const text = line();
      if (text === undefined) break;
      if (state === 'after') {
        if (text !== '') throw malformed('chunk longer than its size');
        state = 'size';
      } else if (state === 'size') {
        const size = /^([0-9a-f]{1,12})(?:;.*)?$/i.exec(text)?.[1];
        if (size === undefined) throw malformed('chunk size');
        left = Number.parseInt(size, 16);
        state = left === 0 ? 'trailer' : 'data';
      } else if (state === 'trailer') {
        const colon = text.indexOf(':');
        if (text === '') state = 'end';
        else if (colon < 0) throw malformed('trailer');
        else onTrailer(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim());
      } else throw malformed('bytes after the end');
    }
  }
  const finished: string = state;
  if (finished !== 'end' && finished !== 'trailer') throw malformed('it ends early');
}

const base64Crc = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
};

function checkFacts(wire: WireRequest, facts: BodyFacts, trailers: ReadonlyMap<string, string>): void {
  const declared = wire.headers['x-amz-content-sha256'] ?? '';
  if (/^[0-9a-f]{64}$/.test(declared) && declared !== facts.sha256) {
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const digest = wire.headers['content-md5'];
  if (digest !== undefined && digest !== Buffer.from(facts.md5, 'hex').toString('base64')) {
    throw new AwsError('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.');
  }
  const decodedLength = wire.headers['x-amz-decoded-content-length'];
  if (decodedLength !== undefined && Number(decodedLength) !== facts.size) {
    throw new AwsError('IncompleteBody', 400, 'the decoded length differs from x-amz-decoded-content-length');
  }
  const promised = wire.headers['x-amz-trailer'];
  if (promised !== undefined && !trailers.has(promised)) {
    throw new AwsError(
      'MalformedTrailerError',
      400,
      'The request contained trailing data that was not well-formed.',
    );
  }
  const sums: Record<string, string> = {
    'x-amz-checksum-crc32': facts.crc32,
    'x-amz-checksum-sha256': Buffer.from(facts.sha256, 'hex').toString('base64'),
  };
  for (const [name, sum] of Object.entries(sums)) {
    for (const given of [wire.headers[name], trailers.get(name)]) {
      if (given !== undefined && given !== sum) {
        throw new AwsError(
          'BadDigest',
          400,
          `The ${name} you specified did not match the calculated checksum.`,
        );
      }
    }
  }
}

/** Streams an S3 body into `file`, takes framing off, and checks every hash and length the request promised. */
export async function spoolBody(wire: WireRequest, file: string): Promise<BodyFacts> {
  const declared = wire.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
  if (declared.startsWith('STREAMING-') && declared !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') {
    throw new AwsError('NotImplemented', 501, 'chunk-signed bodies are not implemented by this fake');
  }
  const trailers = new Map<string, string>();
  const source: AsyncIterable<Buffer> = declared.startsWith('STREAMING-')
    ? decodeAwsChunked(wire.body, (name, value) => trailers.set(name, value))
    : wire.body;
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  let size = 0;
  let crc = 0;
  await pipeline(
    source,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        size += chunk.length;
        md5.update(chunk);
        sha256.update(chunk);
        crc = crc32(chunk, crc);
        yield chunk;
      }
    },
    createWriteStream(file),
  );
  const facts = { size, md5: md5.digest('hex'), sha256: sha256.digest('hex'), crc32: base64Crc(crc) };
  checkFacts(wire, facts, trailers);
  return facts;
}
