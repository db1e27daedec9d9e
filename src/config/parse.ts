// One file, as bytes, to what it says.

import type { Layer, Limit, Rule } from '../policy/rule.js';
import type { PresetName } from '../policy/presets/presets.js';
import { buildLimit, buildRepeaters, buildRules, buildTests, valueOf } from './build.js';
import type { PolicyTest } from '../policy/self-test.js';
import type { IsolationMode, Level, NetworkMode } from '../isolation/levels.js';
import type { RepeaterConfig } from './config.js';
import { byPlace } from './problem.js';
import type { Problem } from './problem.js';
import { PROJECT_FILE, USER_FILE } from './shape-file.js';
import { validate } from './validate.js';
import { parseYaml } from './yaml.js';
import type { MapNode } from './yaml.js';

/** What one file says. A project file has rules, limit and tests only. */
export interface ConfigFile {
  rules: Rule[];
  limit?: Limit;
  tests: PolicyTest[];
  presets: PresetName[];
  isolation?: IsolationMode;
  min_isolation?: Level;
  net?: NetworkMode;
  agent_user?: string;
  ports: number[];
  env: { pass: string[]; unsafe: string[] };
  home: { allow: string[] };
  gateway: string[];
  repeaters?: Record<string, RepeaterConfig>;
}
export interface ParsedConfigFile {
  /** Absent when there are problems. */
  value?: ConfigFile;
  problems: Problem[];
}

/** Parses the bytes of a turret.yaml. Never throws; reports every problem. `file` is the name problems are reported under. */
export function parseConfigFile(
  bytes: Uint8Array,
  file: string,
  layer: Extract<Layer, 'user' | 'project'>,
): ParsedConfigFile {
  const { root, problems } = parseYaml(bytes, file);
  if (root === undefined) {
    return {
      problems:
        problems.length > 0
          ? problems
          : [{ file, message: 'the file is empty', hint: 'begin with version: 1' }],
    };
  }
  const found = [...problems, ...validate(root, layer === 'project' ? PROJECT_FILE : USER_FILE, file)].sort(
    byPlace,
  );
  if (found.length > 0 || root.is !== 'map') return { problems: found };
  const value = build(root, file, layer);
  const doubled = doubledIds(value.rules, new Map());
  return doubled.length > 0 ? { problems: doubled } : { value, problems: [] };
}

function build(root: MapNode, file: string, layer: Layer): ConfigFile {
  const limit = buildLimit(valueOf(root, 'limits') as Record<string, unknown> | undefined);
  const repeaters = buildRepeaters(root, file);
  const isolation = valueOf(root, 'isolation') as IsolationMode | undefined;
  const min_isolation = valueOf(root, 'min_isolation') as Level | undefined;
  const net = valueOf(root, 'net') as NetworkMode | undefined;
  const agent_user = valueOf(root, 'agent_user') as string | undefined;
  const ports = valueOf(root, 'ports') as number[] | undefined;
  const env = valueOf(root, 'env') as Partial<ConfigFile['env']> | undefined;
  const home = valueOf(root, 'home') as Partial<ConfigFile['home']> | undefined;
  const presets = (valueOf(root, 'extends') as string[] | undefined) ?? [];
  return {
    rules: buildRules(root, file, layer),
    ...(limit === undefined ? {} : { limit }),
    tests: buildTests(root, file),
    presets: presets.map((text) => text.slice('preset:'.length) as PresetName),
    ...(isolation === undefined ? {} : { isolation }),
    ...(min_isolation === undefined ? {} : { min_isolation }),
    ...(net === undefined ? {} : { net }),
    ports: ports ?? [],
    ...(agent_user === undefined ? {} : { agent_user }),
    env: { pass: env?.pass ?? [], unsafe: env?.unsafe ?? [] },
    home: { allow: home?.allow ?? [] },
    gateway: (valueOf(root, 'gateway') as string[] | undefined) ?? [],
    ...(repeaters === undefined ? {} : { repeaters }),
  };
}

/** Rules whose id is taken, by one of `taken` or by an earlier rule. Adds the ids to `taken`. */
export function doubledIds(rules: readonly Rule[], taken: Map<string, Rule>): Problem[] {
  const problems: Problem[] = [];
  for (const rule of rules) {
    const other = taken.get(rule.id);
    if (other === undefined) {
      taken.set(rule.id, rule);
      continue;
    }
    const place =
      other.file === undefined ? `a ${other.layer} rule` : `the rule at ${other.file}:${other.line ?? 1}`;
    problems.push({
      file: rule.file ?? '',
      ...(rule.line === undefined ? {} : { line: rule.line, column: 1 }),
      message: `the id ${JSON.stringify(rule.id)} is taken by ${place}`,
    });
  }
  return problems;
}
