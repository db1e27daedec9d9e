// The part of CBOR (RFC 8949) that Smithy RPC v2 uses: CLI 1.45 speaks it to CloudWatch. A timestamp is tag 1 around a
// number of seconds; it is read as the number, and written for any value wrapped in `CborTime`.

export class CborTime {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 0x100) return Buffer.from([(major << 5) | 24, value]);
  if (value < 0x10000) return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
  const bytes = Buffer.alloc(9);
  bytes[0] = (major << 5) | 27;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

/** JSON-like value, CborTime allowed, to CBOR. Undefined members are left out. */
export function encodeCbor(value: unknown): Buffer {
  if (value instanceof CborTime) return Buffer.concat([head(6, 1), encodeCbor(value.seconds)]);
  if (value === null || value === undefined) return Buffer.from([0xf6]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([head(3, text.length), text]);
  }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value < 0 ? head(1, -value - 1) : head(0, value);
    const double = Buffer.alloc(9);
    double[0] = 0xfb;
    double.writeDoubleBE(value, 1);
    return double;
  }
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)]);
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Buffer.concat([
      head(5, members.length),
      ...members.flatMap(([name, member]) => [encodeCbor(name), encodeCbor(member)]),
    ]);
  }
  throw new TypeError(`no CBOR form for ${typeof value}`);
}

/** CBOR to a JSON-like value; throws RangeError on what Smithy never sends or when bytes run out. */
export function decodeCbor(bytes: Buffer): unknown {
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw new RangeError('cbor: out of bytes');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const size = (short: number): number => {
    if (short < 24) return short;
    if (short === 24) return take(1).readUInt8();
    if (short === 25) return take(2).readUInt16BE();
    if (short === 26) return take(4).readUInt32BE();
    if (short === 27) return Number(take(8).readBigUInt64BE());
    throw new RangeError('cbor: bad length');
  };
  const ended = (): boolean => bytes[at] === 0xff && take(1).length === 1;
  const simple = (short: number): unknown => {
    if (short === 20 || short === 21) return short === 21;
    if (short === 22 || short === 23) return null;
    if (short === 26) return take(4).readFloatBE();
    if (short === 27) return take(8).readDoubleBE();
    throw new RangeError('cbor: bad simple value');
  };
  const item = (): unknown => {
    const initial = take(1).readUInt8();
    const major = initial >> 5;
    const short = initial & 31;
    if (major === 7) return simple(short);
    const endless = short === 31;
    const count = endless ? Number.POSITIVE_INFINITY : size(short);
    const more = (done: number): boolean => (endless ? !ended() : done < count);
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - count;
      case 2:
        return Buffer.from(take(count));
      case 3:
        return take(count).toString();
      case 4: {
        const list: unknown[] = [];
        while (more(list.length)) list.push(item());
        return list;
      }
      case 5: {
        const members: [string, unknown][] = [];
        while (more(members.length)) members.push([String(item()), item()]);
        return Object.fromEntries(members);
      }
      default:
        return item();
    }
  };
  return item();
}
