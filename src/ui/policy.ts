// What the `turret policy` commands say to people.

import { formatProblem } from '../config/problem.js';
import type { Problem } from '../config/problem.js';
import type { Config } from '../config/config.js';
import { conditionTexts } from '../policy/describe.js';
import type { Explanation } from '../policy/explain.js';
import { formatRate } from '../policy/limit-text.js';
import type { Effect, Limit, Rule, RuleReference } from '../policy/rule.js';
import type { PolicyTestResult } from '../policy/self-test.js';
import type { Colors } from './colors.js';
import { tableLines } from './table.js';
import { visible } from './visible.js';

function effectText(effect: Effect, colors: Colors): string {
  const paint = { allow: colors.green, ask: colors.yellow, deny: colors.red }[effect];
  return paint(effect);
}

function placeOf(rule: RuleReference): string {
  if (rule.file === undefined) return rule.layer;
  return `${rule.file}:${rule.line ?? 1}`;
}

/** `turret policy check`. */
export function checkLines(
  problems: readonly Problem[],
  config: Config | undefined,
  notes: readonly Problem[],
): string[] {
  if (!config) return problems.map((problem) => visible(formatProblem(problem)));
  const files = config.sources.map((source) => source.file);
  const where = files.length === 0 ? `no file; ${config.presets.join(' and ')} apply` : files.join(', ');
  return [
    visible(`ok: ${config.policy.rules.length} rules (${where})`),
    ...notes.map((note) => visible(`note: ${formatProblem(note)}`)),
  ];
}

const REASONS = {
  rule: '',
  default: 'no rule allows it',
  rule_error: 'a rule could not compare a value, and refuses for that',
  project: 'the project file has a list of what it allows, and this is not on it',
} as const;

/** `turret policy explain`. */
export function explainLines(
  action: string,
  explanation: Explanation,
  allowed: readonly string[],
  colors: Colors,
): string[] {
  const { effect, rule, reason, others, nearest } = explanation;
  const by = rule === undefined ? '' : `  by ${rule.id} (${placeOf(rule)})`;
  const lines = [`${effectText(effect, colors)}  ${visible(action)}${visible(by)}`];
  if (REASONS[reason] !== '') lines.push(`  ${REASONS[reason]}`);
  for (const other of others)
    lines.push(visible(`  also matches: ${other.effect} ${other.id} (${placeOf(other)})`));
  for (const miss of nearest)
    lines.push(visible(`  ${miss.sentence}  by ${miss.rule.id} (${placeOf(miss.rule)})`));
  if (effect === 'deny' && nearest.length === 0)
    for (const line of allowed) lines.push(visible(`  allowed instead: ${line}`));
  return lines;
}

/** `turret policy test`. */
export function testLines(results: readonly PolicyTestResult[], colors: Colors): string[] {
  const lines = results
    .filter((result) => !result.passed)
    .map(
      ({ test, difference }) =>
        `${colors.red('failed')}  ${visible(`${test.file}:${test.line}: ${test.action}: ${difference ?? ''}`)}`,
    );
  const passed = results.filter((result) => result.passed).length;
  return [...lines, `${passed} passed, ${results.length - passed} failed`];
}

const ORDER: readonly Effect[] = ['deny', 'ask', 'allow'];
const PATTERNS_SHOWN = 4;

/** `turret policy show`: the permission table, then where it comes from. */
export function showLines(config: Config, colors: Colors): string[] {
  const rules = ORDER.flatMap((effect) => config.policy.rules.filter((rule) => rule.effect === effect));
  const table = tableLines(['EFFECT', 'ACTIONS', 'WHERE', 'LIMIT', 'RULE'], rules.map(ruleRow), colors.bold);
  const lines = [...table, '', 'everything else is denied'];
  for (const limit of config.policy.limits) lines.push(`session limit (${limit.layer}): ${limitText(limit)}`);
  for (const repeater of Object.values(config.repeaters))
    lines.push(visible(`repeater ${repeater.name}: kind ${repeater.kind}`));
  for (const preset of config.presets) lines.push(`preset: ${preset}`);
  for (const source of config.sources)
    lines.push(visible(`${source.layer} file: ${source.file} sha256:${source.sha256}`));
  return lines;
}

function ruleRow(rule: Rule): string[] {
  const except =
    rule.except === undefined
      ? ''
      : ` except ${rule.except.length > PATTERNS_SHOWN ? `${rule.except.length} patterns` : listText(rule.except)}`;
  const where = conditionTexts(rule.where).join(' and ');
  const place = rule.file === undefined ? rule.layer : `${rule.file}:${rule.line ?? 1}`;
  return [
    rule.effect,
    listText(rule.actions) + except,
    where || '-',
    limitText(rule.limit) || '-',
    `${rule.id} (${place})`,
  ];
}

function listText(patterns: readonly string[]): string {
  const more = patterns.length - PATTERNS_SHOWN;
  return patterns.slice(0, PATTERNS_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function limitText(limit: Limit | undefined): string {
  const parts: string[] = [];
  if (limit?.rate) parts.push(formatRate(limit.rate));
  if (limit?.calls !== undefined) parts.push(`${limit.calls} calls`);
  if (limit?.bytes_out !== undefined) parts.push(`${limit.bytes_out} bytes out`);
  if (limit?.tokens !== undefined) parts.push(`${limit.tokens} tokens`);
  if (limit?.usd !== undefined) parts.push(`${limit.usd} USD`);
  return parts.join(', ');
}
