// How limits are written: `60/m burst 20`, `500/session`, `50MB/session`.

import type { Rate } from './rule.js';

const PERIOD_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Record<string, number> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

export const RATE_PATTERN = String.raw`^[0-9]{1,9}/(s|m|h|d)( burst [0-9]{1,9})?$`;
export const CALLS_PATTERN = String.raw`^[0-9]{1,12}/session$`;
export const BYTES_PATTERN = String.raw`^[0-9]{1,12}(B|KB|MB|GB|KiB|MiB|GiB)/session$`;

export const TOKENS_PATTERN = String.raw`^[0-9]{1,12}[kM]?/session$`;
export const USD_PATTERN = String.raw`^[0-9]{1,9}(\.[0-9]{1,6})?/session$`;

/** `60/m burst 20` → the bucket; without `burst` as many at once as in a second, at least one. Undefined when it is not one. */
export function parseRate(text: string): Rate | undefined {
  const match = /^([0-9]{1,9})\/([smhd])(?: burst ([0-9]{1,9}))?$/.exec(text);
  const period_ms = PERIOD_MS[match?.[2] ?? ''];
  const count = Number(match?.[1]);
  if (!match || period_ms === undefined || count === 0) return undefined;
  const burst =
    match[3] === undefined ? Math.max(1, Math.floor((count * 1_000) / period_ms)) : Number(match[3]);
  return burst === 0 ? undefined : { count, period_ms, burst };
}

/** `500/session` → 500. */
export function parseCalls(text: string): number | undefined {
  const match = /^([0-9]{1,12})\/session$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** `50MB/session` → 50000000. */
export function parseBytes(text: string): number | undefined {
  const match = /^([0-9]{1,12})([KMG]i?B|B)\/session$/.exec(text);
  const bytes = Number(match?.[1]) * (UNIT_BYTES[match?.[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `200k/session` → 200000. */
export function parseTokens(text: string): number | undefined {
  const match = /^([0-9]{1,12})([kM]?)\/session$/.exec(text);
  const tokens = Number(match?.[1]) * ({ k: 1_000, M: 1_000_000 }[match?.[2] ?? ''] ?? 1);
  return Number.isSafeInteger(tokens) ? tokens : undefined;
}

/** `2.50/session` → 2.5. */
export function parseUsd(text: string): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,6})?)\/session$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** The other way round, for tables. */
export function formatRate(rate: Rate): string {
  const unit = Object.keys(PERIOD_MS).find((key) => PERIOD_MS[key] === rate.period_ms);
  return `${rate.count}/${unit ?? `${rate.period_ms}ms`} burst ${rate.burst}`;
}
