// `turret audit`: what a session asked, got and was refused, in a screenful.

import { clip, escapeForeign, escapeWord } from '../audit/escape.js';
import type { Denial } from '../audit/summary.js';
import type { SessionReport, VerifyReport } from '../platform/audit-report.js';
import { bytes, duration, findingWords, plural, reasonWords } from './audit-words.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';

const ACTIONS_SHOWN = 12;
const DENIALS_SHOWN = 8;
const COMMAND_CHARACTERS = 100;

/** The whole summary. Everything from the log is escaped here. */
export function summaryLines(report: SessionReport, colors: Colors): string[] {
  const { summary } = report;
  const { calls } = summary;
  const lines = [
    `${colors.bold(`session ${report.session.slice(0, 8)}`)}  ${escapeForeign(summary.label)}  ${stateWords(report, colors)}`,
    `  command   ${clip(summary.argv.map(escapeWord).join(' ') || escapeForeign(summary.command), COMMAND_CHARACTERS)}`,
    `  started   ${escapeForeign(summary.started)}, ran ${duration(summary.ms)}, isolation ${escapeForeign(summary.isolation) || 'unknown'}`,
    `  calls     ${calls.allowed} allowed, ${calls.denied} denied, ${calls.refused} not understood or not possible`,
    `  bytes     ${bytes(summary.bytes.in)} in, ${bytes(summary.bytes.out)} out`,
    ...(summary.models.answers === 0 ? [] : [`  models    ${modelWords(summary.models)}`]),
    `  verified  ${verifiedWords(report.verdict, colors)}`,
  ];
  if (summary.auth_failures > 0)
    lines.push(`  ${colors.yellow(plural(summary.auth_failures, 'failed authentication'))}`);
  if (summary.actions.length > 0) lines.push('', ...actionLines(report, colors));
  if (summary.agents.length > 0) lines.push('', ...agentLines(report, colors));
  if (summary.denials.length > 0) lines.push('', ...denialLines(summary.denials, colors));
  if (report.verdict.unfinished.length > 0 && report.state !== 'running')
    lines.push('', ...unknownLines(report, colors));
  return [...lines, '', ...nextLines(report)];
}

function modelWords({ answers, input, cached, output, usd }: SessionReport['summary']['models']): string {
  const money = usd === 0 ? '' : `, ${usd.toFixed(4)} USD`;
  return `${plural(answers, 'answer')}, ${input} tokens in, ${cached} from a cache, ${output} out${money}`;
}

function stateWords({ state, summary }: SessionReport, colors: Colors): string {
  if (state === 'running') return colors.green('still running');
  if (state === 'killed') return colors.yellow('ended without closing its log (killed)');
  if (summary.signal !== undefined) return `ended by ${escapeForeign(summary.signal)}`;
  return `exit ${summary.exit ?? 'unknown'}`;
}

/** One line: is this log what was written? */
export function verifiedWords(verdict: VerifyReport, colors: Colors): string {
  if (!verdict.ok) {
    const [worst] = verdict.findings;
    const more = verdict.found > 1 ? ` (and ${verdict.found - 1} more)` : '';
    return `${colors.red('no')}: ${worst === undefined ? 'damaged' : escapeForeign(findingWords(worst))}${more}`;
  }
  const count = plural(verdict.records, 'record');
  const whole = `${colors.green('yes')}: ${count}, chain unbroken`;
  if (verdict.state === 'closed') return `${whole}, signed to the end`;
  const end = `${whole}, ends at record ${verdict.records - 1} without close`;
  return verdict.unsigned === 0
    ? `${end}, signed so far`
    : `${end}, the last ${verdict.unsigned} chained and not yet signed`;
}

/** Calls of tokens that were handed on; the rest is the session's own. */
function agentLines({ summary }: SessionReport, colors: Colors): string[] {
  const rows = summary.agents
    .slice(0, ACTIONS_SHOWN)
    .map(({ agent, allowed, denied }) => [String(allowed), String(denied), escapeForeign(agent)]);
  const more = summary.agents.length - ACTIONS_SHOWN;
  const lines = tableLines(['ALLOWED', 'DENIED', 'AGENT'], rows, colors.bold).map((line) => `  ${line}`);
  return more > 0 ? [...lines, `  and ${plural(more, 'more agent')}: --json has them all`] : lines;
}

function actionLines({ summary }: SessionReport, colors: Colors): string[] {
  const rows = summary.actions
    .slice(0, ACTIONS_SHOWN)
    .map(({ action, allowed, denied }) => [String(allowed), String(denied), escapeForeign(action)]);
  const more = summary.actions.length - ACTIONS_SHOWN;
  const lines = tableLines(['ALLOWED', 'DENIED', 'ACTION'], rows, colors.bold).map((line) => `  ${line}`);
  return more > 0 ? [...lines, `  and ${plural(more, 'more action')}: --json has them all`] : lines;
}

function denialLines(denials: readonly Denial[], colors: Colors): string[] {
  const rows = denials
    .slice(0, DENIALS_SHOWN)
    .map((denial) => [
      `${denial.count}×`,
      escapeForeign(denial.action),
      escapeForeign(clip(reasonWords(denial.reason), COMMAND_CHARACTERS)),
      escapeForeign(
        denial.rule === undefined
          ? '-'
          : `${denial.rule}${denial.source === undefined ? '' : ` (${denial.source})`}`,
      ),
    ]);
  const lines = tableLines(['DENIED', 'ACTION', 'WHY', 'RULE'], rows, colors.bold).map((line) => `  ${line}`);
  const more = denials.length - DENIALS_SHOWN;
  return more > 0 ? [...lines, `  and ${plural(more, 'more kind')} of denial`] : lines;
}

function unknownLines({ verdict }: SessionReport, colors: Colors): string[] {
  return [
    `  ${colors.yellow('outcome unknown')}: allowed, and nobody recorded an end; they may have happened`,
    ...verdict.unfinished
      .slice(0, DENIALS_SHOWN)
      .map(({ call, action }) => `    ${escapeForeign(call)}  ${escapeForeign(action)}`),
  ];
}

function nextLines({ session, summary, verdict, state }: SessionReport): string[] {
  const id = session.slice(0, 8);
  // A denied action says more than a command line nobody understood.
  const denial = summary.denials.find(({ action }) => action.includes('.')) ?? summary.denials[0];
  const lines: string[] = [];
  if (!verdict.ok) lines.push(`turret audit verify ${id}          every place that is damaged`);
  if (state === 'running') lines.push(`turret audit tail -f ${id}         watch it`);
  if (denial !== undefined)
    lines.push(`turret audit show ${escapeWord(denial.call)}   one denied call in full`);
  if (denial?.action.includes('.') === true)
    lines.push(`turret policy explain ${escapeWord(denial.action)}   why, and what would allow it`);
  lines.push(`turret audit grep --session ${id}  every call`);
  return lines.map((line, index) => `${index === 0 ? 'next: ' : '      '}${line}`);
}
