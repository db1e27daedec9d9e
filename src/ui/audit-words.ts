// Words the `turret audit` commands share.

import type { IndexFinding } from '../platform/audit-report.js';

/** `1m 05s`, `2h 03m`, `0.4s`. */
export function duration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const [whole, pad] = [Math.round(seconds), (value: number): string => String(value).padStart(2, '0')];
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3_600)}h ${pad(Math.floor((whole % 3_600) / 60))}m`;
}

/** `512 B`, `1.5 KiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [count, 0];
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

const REASONS: Record<string, string> = {
  default: 'no rule allows it',
  rule: 'a rule denies it',
  ask: 'a rule wants a person to be asked',
  rule_error: 'a rule could not compare a value, and refuses for that',
  token: 'the token was not given it',
  project: 'the project file has a list of what it allows, and this is not on it',
};

/** The broker's short reason as words; its sentences stay as they are. Not escaped. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? reason;
}

function records(finding: IndexFinding): string {
  const { seq, to } = finding;
  return to === undefined || to === seq ? `record ${seq}` : `records ${seq} to ${to}`;
}

type Words = (finding: IndexFinding, which: string, place: string) => string;
const FINDINGS: Record<IndexFinding['kind'], Words> = {
  unreadable: (_finding, which, place) => `${place}: ${which} cannot be read`,
  altered: (_finding, which, place) =>
    `${place}: ${which} was altered: the next one does not continue from it`,
  missing: (_finding, which, place) => `${place}: before it, ${which} should be and is not`,
  duplicate: (_finding, which, place) => `${place}: ${which} once more`,
  out_of_order: (_finding, which, place) => `${place}: ${which} is not where it belongs`,
  torn: (_finding, which, place) => `${place}: the last line, ${which}, is incomplete`,
  truncated: (_finding, which, place) => `${place}: the log was cut: ${which} once existed and are gone`,
  resigned: (_finding, which, place) => `${place}: ${which} are not the ones that were signed`,
  after_end: (_finding, which, place) => `${place}: ${which} was added after the session ended`,
  bad_checkpoint: (finding) => `checkpoints, note ${finding.line}: not a checkpoint of this session`,
  no_checkpoint: (finding) =>
    `checkpoints: none covers ${finding.seq === 0 ? 'this log' : `what follows record ${finding.seq - 1}`}`,
  bad_certificate: (_finding, _which, place) =>
    `${place}: the key of this session is not certified by this machine's host key`,
  unlisted: () => 'the index of sessions does not know this session',
  no_log: () => 'the log of this session is gone',
  deleted: (finding) => `session ${finding.session ?? ''} is in the index and its directory is gone`,
  bad_index: (finding) => `index.jsonl, line ${finding.line}: does not continue from the line before`,
};

/** One finding as a sentence with its place. */
export function findingWords(finding: IndexFinding): string {
  const { line, offset } = finding;
  const place = offset === undefined ? `line ${line}` : `line ${line}, byte ${offset}`;
  return FINDINGS[finding.kind](finding, records(finding), place);
}
