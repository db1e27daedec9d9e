// Which files there are, and what they come to together.

import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { BUILTIN_RULES, presetRules, PRESETS_WITHOUT_FILE } from '../policy/presets/presets.js';
import type { Layer, Rule, SessionLimit } from '../policy/rule.js';
import type { Config, ConfigSource, RepeaterConfig } from './config.js';
import { doubledIds, parseConfigFile } from './parse.js';
import type { ConfigFile } from './parse.js';
import { applyManifests } from './manifests.js';
import { configError } from './problem.js';
import { type UnknownAlias, routesOf, unpriced } from './upstreams.js';
import type { Problem } from './problem.js';

/** A file as the disk has it. */
export interface ReadFile {
  bytes: Uint8Array;
  /** Permission bits and owner, of the open file. */
  mode: number;
  uid: number;
}
export interface LoadOptions {
  /** Returns undefined when there is no such file, and throws TurretError when it cannot be read. */
  readFile: (path: string) => Promise<ReadFile | undefined>;
  /** `--config FILE`. */
  configFile?: string;
  cwd: string;
  /** Of the user: HOME and XDG_CONFIG_HOME are looked at. */
  env: { [name: string]: string | undefined };
  /** Of the user; -1 where there are no user ids. */
  uid: number;
}
export interface LoadResult {
  /** Absent when there are problems. */
  config?: Config;
  problems: Problem[];
}

/** Loads the configuration. Throws `config_invalid` with every problem, or what `readFile` throws. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { config, problems } = await readConfig(options);
  if (!config) throw configError(problems, options.configFile);
  return config;
}

/** As `loadConfig`, with the problems as values. */
export async function readConfig(options: LoadOptions): Promise<LoadResult> {
  const problems: Problem[] = [];
  const sources: ConfigSource[] = [];
  const userPath = userConfigPath(options);
  const user = await readLayer(options, userPath, 'user', sources, problems);
  if (!user && options.configFile !== undefined && problems.length === 0)
    problems.push({
      file: userPath ?? options.configFile,
      message: 'there is no such file',
      hint: 'turret init --print prints one to start from',
    });
  const projectPath = await projectConfigPath(options, userPath, problems);
  const project = await readLayer(options, projectPath, 'project', sources, problems);
  if (problems.length > 0) return { problems };
  const merged = merge(user, project, sources);
  if (!merged.config) return merged;
  const { repeaters, problems: wrong } = await applyManifests(merged.config.repeaters, {
    file: userPath ?? '',
    readFile: options.readFile,
    check: (read, path) => ownershipProblems(read, path, options.uid),
    found: (read, path) => sources.push(sourceOf('user', path, read)),
  });
  return wrong.length > 0 ? { problems: wrong } : { config: { ...merged.config, repeaters }, problems: [] };
}

/** Where the user's file is: `--config`, else XDG_CONFIG_HOME, else HOME. Undefined when none of them is usable. */
export function userConfigPath({
  configFile,
  cwd,
  env,
}: Pick<LoadOptions, 'configFile' | 'cwd' | 'env'>): string | undefined {
  if (configFile !== undefined) return resolve(cwd, configFile);
  const { XDG_CONFIG_HOME: xdg, HOME: home } = env;
  // The XDG specification wants relative paths ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'turret', 'turret.yaml');
  return home !== undefined && isAbsolute(home) ? join(home, '.config', 'turret', 'turret.yaml') : undefined;
}

async function projectConfigPath(
  options: LoadOptions,
  userPath: string | undefined,
  problems: Problem[],
): Promise<string | undefined> {
  const candidates = [join(options.cwd, '.turret', 'turret.yaml'), join(options.cwd, 'turret.yaml')].filter(
    (path) => path !== userPath,
  );
  const present: string[] = [];
  for (const path of candidates) if (await options.readFile(path)) present.push(path);
  // Taking one of them would let whoever adds a file switch the other one off.
  const [first, second] = present;
  if (first !== undefined && second !== undefined)
    problems.push({
      file: second,
      message: `there is a second project file, ${first}`,
      hint: 'keep one of them',
    });
  return first;
}

async function readLayer(
  options: LoadOptions,
  path: string | undefined,
  layer: 'user' | 'project',
  sources: ConfigSource[],
  problems: Problem[],
): Promise<ConfigFile | undefined> {
  const read = path === undefined ? undefined : await options.readFile(path);
  if (path === undefined || read === undefined) return undefined;
  if (layer === 'user') problems.push(...ownershipProblems(read, path, options.uid));
  const parsed = parseConfigFile(read.bytes, path, layer);
  problems.push(...parsed.problems);
  sources.push(sourceOf(layer, path, read));
  return parsed.value;
}

function sourceOf(layer: Layer, file: string, { bytes }: ReadFile): ConfigSource {
  return { layer, file, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.byteLength };
}

/** As sudoers does: who can write the policy has what the policy gives. */
function ownershipProblems(read: ReadFile, file: string, uid: number): Problem[] {
  if (uid === -1) return [];
  if ((read.mode & 0o022) !== 0)
    return [{ file, message: 'others can write this file', hint: `chmod go-w ${file}` }];
  if (read.uid !== uid && read.uid !== 0)
    return [{ file, message: `this file belongs to another user (uid ${read.uid})` }];
  return [];
}

function merge(
  user: ConfigFile | undefined,
  project: ConfigFile | undefined,
  sources: ConfigSource[],
): LoadResult {
  const presets = user?.presets ?? PRESETS_WITHOUT_FILE;
  const groups: Rule[][] = [
    [...BUILTIN_RULES],
    presetRules(presets),
    user?.rules ?? [],
    project?.rules ?? [],
  ];
  const taken = new Map<string, Rule>();
  const problems = groups.flatMap((rules) => doubledIds(rules, taken));
  if (problems.length > 0) return { problems };
  const gateway = routesOf(user?.gateway ?? [], user?.repeaters ?? REPEATERS_WITHOUT_FILE);
  if ('unknown' in gateway) return { problems: [upstreamProblem(gateway, sources)] };
  const limits = [...limitOf(user, 'user'), ...limitOf(project, 'project')];
  const inDollars = [...groups.flat().map(({ limit }) => limit), ...limits].some(
    (limit) => limit?.usd !== undefined,
  );
  const costless = inDollars ? unpriced(gateway.repeaters) : undefined;
  if (costless !== undefined) return { problems: [upstreamProblem(costless, sources)] };
  const config: Config = {
    isolation: user?.isolation ?? 'auto',
    ...(user?.min_isolation === undefined ? {} : { min_isolation: user.min_isolation }),
    ...(user?.net === undefined ? {} : { net: user.net }),
    ports: user?.ports ?? [],
    ...(user?.agent_user === undefined ? {} : { agent_user: user.agent_user }),
    env: user?.env ?? { pass: [], unsafe: [] },
    home: user?.home ?? { allow: [] },
    gateway: gateway.routes,
    repeaters: gateway.repeaters,
    policy: { rules: groups.flat(), limits },
    presets: [...presets],
    tests: [...(user?.tests ?? []), ...(project?.tests ?? [])],
    sources,
  };
  return { config, problems: [] };
}

function upstreamProblem({ unknown, hint }: UnknownAlias, [source]: readonly ConfigSource[]): Problem {
  return { file: source?.file ?? '', message: unknown, hint };
}

function limitOf(file: ConfigFile | undefined, layer: Layer): SessionLimit[] {
  return file?.limit === undefined ? [] : [{ ...file.limit, layer }];
}

/** Both tools, with the credentials their own CLIs would find, when no file speaks of repeaters. */
export const REPEATERS_WITHOUT_FILE: Record<string, RepeaterConfig> = {
  aws: { name: 'aws', kind: 'aws', credentials: 'auto' },
  gh: { name: 'gh', kind: 'gh', credentials: 'auto' },
};
