// What decides over the agent, or runs with a secret: Turret itself, the configuration, manifests, programs of repeaters. And
// what somebody outside opens by its path, which in the agent's hands would become the path of something else.

import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import type { Config, RepeaterConfig } from '../config/config.js';
import type { ManifestAction } from '../config/manifest.js';
import { makeCompiledDirectory } from '../platform/compiled-code.js';
import { isWithin, realPlace } from '../platform/paths.js';
import { type Reference, parseReference } from '../vault/reference.js';
import { ownFiles } from './own-files.js';

export interface FixedFiles {
  /** Absolute paths of files and directories that are there, as they are named. */
  fixed: string[];
  /** Absolute paths of what would be such a file or directory, if somebody made it. */
  vacant: string[];
  /** Files with secrets in them that the configuration names. */
  secrets: string[];
}

export function fixedFiles(
  config: Pick<Config, 'repeaters' | 'sources'>,
  { env, workspace }: { env: NodeJS.ProcessEnv; workspace: string },
): FixedFiles {
  const repeaters = Object.values(config.repeaters);
  const files = [
    ...config.sources.map(({ file }) => resolve(file)),
    ...repeaters.flatMap((repeater) => [...programs(repeater), ...opened(repeater)]),
  ];
  const own = ownFiles();
  const compiled = makeCompiledDirectory(env);
  const trusted = believed(env);
  const there = [...files.filter(isFile), ...trusted.filter((path) => existsSync(path))];
  return {
    fixed: [
      ...there,
      ...repeaters.flatMap((repeater) => directories(repeater, workspace)),
      ...own.present,
      ...compiled,
    ],
    vacant: [...own.absent, ...trusted.filter((path) => !existsSync(path))],
    secrets: repeaters.flatMap(secretFiles),
  };
}

// A profile of AWS can name a program that prints keys, and a policy allows whatever it says.
function believed(env: NodeJS.ProcessEnv): string[] {
  const { HOME: home = '/nonexistent', XDG_CONFIG_HOME: configHome = join(home, '.config') } = env;
  return [
    env['AWS_CONFIG_FILE'] ?? join(home, '.aws/config'),
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, '.aws/credentials'),
    env['GH_CONFIG_DIR'] ?? join(configHome, 'gh'),
    join(configHome, 'turret/turret.yaml'),
  ].filter(isAbsolute);
}

// A word of a command need not be a file, and one that is a directory (`.`) is no program.
function programs(repeater: RepeaterConfig): string[] {
  const { command = [], directory = '/' } = repeater;
  const actions: ManifestAction[] = repeater.actions ?? [];
  const printing = references(repeater).flatMap((found) => (found.kind === 'cmd' ? found.words : []));
  return [...command, ...actions.flatMap(({ run = [] }) => run), ...printing]
    .filter((word) => word.includes('/') || word.includes('.'))
    .map((word) => resolve(directory, word));
}

/** Of a repeater of one's own all that lies beside its manifest: its program reads more than itself. Not where the agent works. */
function directories({ command, directory }: RepeaterConfig, workspace: string): string[] {
  if (command === undefined || directory === undefined) return [];
  return isWithin(workspace, realPlace(directory)) ? [] : [resolve(directory)];
}

function opened(repeater: RepeaterConfig): string[] {
  const databases = Object.values(repeater.databases ?? {})
    .flatMap(({ sqlite, ca }) => [sqlite, ca])
    .filter((path) => path !== undefined);
  return [...databases.map((path) => located(path, repeater)), ...secretFiles(repeater)];
}

function secretFiles(repeater: RepeaterConfig): string[] {
  const named = references(repeater).flatMap((found) => (found.kind === 'file' ? [found.path] : []));
  const given = (repeater.give ?? []).flatMap(({ file }) => (file === undefined ? [] : [file]));
  return [...named, ...given].map((path) => located(path, repeater));
}

function located(path: string, { directory = '/' }: RepeaterConfig): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(directory, path);
}

/** Where its secrets are. */
function references(repeater: RepeaterConfig): Reference[] {
  const { credentials = '', secretSources = {}, upstreams = {}, databases = {} } = repeater;
  const used = [...Object.values(upstreams), ...Object.values(databases)].map(({ secret = '' }) => secret);
  return [credentials, ...Object.values(secretSources), ...used]
    .map(parseReference)
    .filter((reference) => reference !== undefined);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us.
    return false;
  }
}
