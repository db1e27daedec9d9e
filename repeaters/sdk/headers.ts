// Header lines on their way through an injector.

/** Between two machines, not from end to end (RFC 9110 §7.6.1), and what proxies made of it. */
export const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/**
 * Raw pairs, so that repeated headers stay repeated and keep their spelling (`gh api -i` prints them).
 * @param dropped names in lower case
 */
export function headersWithout(raw: readonly string[], dropped: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}
