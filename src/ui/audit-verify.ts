// `turret audit verify`: a verdict per session, and every place that is damaged.

import { escapeForeign } from '../audit/escape.js';
import type { VerifyReport, IndexFinding } from '../platform/audit-report.js';
import { verifiedWords } from './audit-summary.js';
import { findingWords, plural } from './audit-words.js';
import type { Colors } from './colors.js';

const UNFINISHED_SHOWN = 20;

export function verdictLines(verdict: VerifyReport, colors: Colors): string[] {
  const lines = [`${escapeForeign(verdict.session.slice(0, 60))}  ${verifiedWords(verdict, colors)}`];
  for (const finding of verdict.ok ? [] : verdict.findings)
    lines.push(`  ${escapeForeign(findingWords(finding))}`);
  if (verdict.found > verdict.findings.length)
    lines.push(`  and ${plural(verdict.found - verdict.findings.length, 'more finding')}`);
  if (verdict.state === 'running') return lines;
  const more = verdict.unfinished.length - UNFINISHED_SHOWN;
  for (const { call, action, seq } of verdict.unfinished.slice(0, UNFINISHED_SHOWN)) {
    lines.push(
      `  outcome unknown: call ${escapeForeign(call)} (${escapeForeign(action)}), allowed in record ${seq}, has no end`,
    );
  }
  if (more > 0) lines.push(`  and ${plural(more, 'more call')} without an end: --json has them`);
  return lines;
}

export function allLines(
  all: { ok: boolean; sessions: VerifyReport[]; findings: IndexFinding[] },
  colors: Colors,
): string[] {
  const damaged = all.sessions.filter(({ ok }) => !ok).length;
  return [
    ...all.sessions.flatMap((verdict) => verdictLines(verdict, colors)),
    ...all.findings.map((finding) => colors.red(escapeForeign(findingWords(finding)))),
    `${plural(all.sessions.length, 'session')}, ${damaged} damaged, ${plural(all.findings.length, 'finding')} in the index`,
  ];
}
