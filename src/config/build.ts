// From a validated tree to rules, limits, tests and repeaters. Nothing is checked here: the shapes have done that, and the
// casts below say what they guarantee.

import { dirname } from 'node:path';
import { parseBytes, parseCalls, parseRate, parseTokens, parseUsd } from '../policy/limit-text.js';
import type { Condition, Effect, Layer, Limit, Rule } from '../policy/rule.js';
import type { Annotations, Params, ParamScalar, RegisteredAction } from '../protocol/messages.js';
import type { PolicyTest } from '../policy/self-test.js';
import type { RepeaterConfig } from './config.js';
import { completeDatabases } from './databases.js';
import { type UpstreamBlock, completeUpstreams } from './upstreams.js';
import { plain } from './validate.js';
import type { ConfigNode, MapNode } from './yaml.js';

type Plain = Record<string, unknown>;

/** The value of one key as a plain value; undefined when it is not there. */
export function valueOf(root: MapNode, key: string): unknown {
  const entry = root.entries.get(key);
  return entry === undefined ? undefined : plain(entry.value);
}

function itemsOf(root: MapNode, key: string): MapNode[] {
  const list = root.entries.get(key)?.value;
  return list?.is === 'list' ? list.items.filter((item): item is MapNode => item.is === 'map') : [];
}

/** Rules without an id are called after their place: `line-12`, in a project file `project-line-12`. */
export function buildRules(root: MapNode, file: string, layer: Layer): Rule[] {
  return itemsOf(root, 'rules').map((node) => {
    const raw = plain(node) as Plain;
    const effect: Effect = raw['deny'] === undefined ? (raw['ask'] === undefined ? 'allow' : 'ask') : 'deny';
    const limit = buildLimit(raw['limit'] as Plain | undefined);
    return {
      id: (raw['id'] as string | undefined) ?? `${layer === 'project' ? 'project-' : ''}line-${node.line}`,
      effect,
      actions: asList(raw[effect] as string | string[]),
      ...(raw['except'] === undefined ? {} : { except: asList(raw['except'] as string | string[]) }),
      where: buildWhere((raw['where'] ?? {}) as Record<string, unknown>),
      ...(limit === undefined ? {} : { limit }),
      layer,
      file,
      line: node.line,
    };
  });
}

function buildWhere(raw: Record<string, unknown>): Record<string, Condition> {
  const where = Object.create(null) as Record<string, Condition>;
  for (const [key, value] of Object.entries(raw)) {
    where[key] =
      typeof value === 'object' && value !== null
        ? buildCondition(value as Plain)
        : { eq: value as ParamScalar };
  }
  return where;
}

function buildCondition(raw: Plain): Condition {
  const condition: Plain = { ...raw };
  for (const key of ['glob', 'path', 'prefix'] as const) {
    if (condition[key] !== undefined) condition[key] = asList(condition[key] as string | string[]);
  }
  return condition;
}

function asList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

/** Undefined when there is nothing to limit. */
export function buildLimit(raw: Plain | undefined): Limit | undefined {
  if (raw === undefined) return undefined;
  const limit: Limit = {};
  const rate = parseRate(String(raw['rate']));
  const calls = parseCalls(String(raw['calls']));
  const bytes_out = parseBytes(String(raw['bytes_out']));
  const tokens = parseTokens(String(raw['tokens']));
  const usd = parseUsd(String(raw['usd']));
  if (rate !== undefined) limit.rate = rate;
  if (calls !== undefined) limit.calls = calls;
  if (bytes_out !== undefined) limit.bytes_out = bytes_out;
  if (tokens !== undefined) limit.tokens = tokens;
  if (usd !== undefined) limit.usd = usd;
  return Object.keys(limit).length === 0 ? undefined : limit;
}

export function buildTests(root: MapNode, file: string): PolicyTest[] {
  return itemsOf(root, 'tests').map((node) => {
    const raw = plain(node) as Plain;
    return {
      action: raw['call'] as string,
      params: { ...(raw['params'] as Params | undefined) },
      ...(raw['kind'] === undefined ? {} : { kind: raw['kind'] as string }),
      annotations: { ...(raw['annotations'] as Partial<Annotations> | undefined) },
      expect: raw['expect'] as Effect,
      ...(raw['by'] === undefined ? {} : { by: raw['by'] as string }),
      file,
      line: node.line,
    };
  });
}

/** The repeaters of a user file. Undefined when the file does not speak of repeaters. */
export function buildRepeaters(root: MapNode, file: string): Record<string, RepeaterConfig> | undefined {
  const block = root.entries.get('repeaters')?.value;
  if (block?.is !== 'map') return undefined;
  const repeaters = Object.create(null) as Record<string, RepeaterConfig>;
  for (const [name, { value }] of block.entries) repeaters[name] = buildRepeater(name, value, file);
  return repeaters;
}

function buildRepeater(name: string, node: ConfigNode, file: string): RepeaterConfig {
  const block = plain(node) as Partial<Omit<RepeaterConfig, 'upstreams'>> & {
    upstreams?: Record<string, UpstreamBlock>;
  };
  const { upstreams, databases, ...raw } = withSecretNames(block);
  const actions = raw.actions?.map((action): RegisteredAction => ({ ...action }));
  return {
    ...raw,
    name,
    kind: raw.kind ?? name,
    ...(actions === undefined ? {} : { actions }),
    ...(upstreams === undefined ? {} : { upstreams: completeUpstreams(upstreams) }),
    ...(databases === undefined ? {} : { databases: completeDatabases(databases) }),
    directory: dirname(file),
  };
}

/** `secrets` may be a list of variables, or a map from variables to where each secret is. */
export function withSecretNames<Block extends { secrets?: string[]; secretSources?: Record<string, string> }>(
  block: Block,
): Block {
  const { secrets } = block as { secrets?: string[] | Record<string, string> };
  if (secrets === undefined || Array.isArray(secrets)) return block;
  return { ...block, secrets: Object.keys(secrets), secretSources: { ...secrets } };
}
