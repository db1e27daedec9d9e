// What decides over the agent, or runs with a secret: the configuration, manifests, programs of repeaters. And what a
// repeater opens by its path, which in the agent's hands would become the path of something else.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Config } from '../config/config.js';
import type { ManifestAction } from '../config/manifest.js';
import { isWithin, realPlace } from '../platform/paths.js';

/**
 * Absolute paths; words of a command that are no files are harmless in the list. Of a repeater of one's own the whole
 * directory of its manifest, because its program reads more than itself, unless the workspace is in that.
 */
export function fixedFiles(config: Config, workspace: string): string[] {
  const own = Object.values(config.repeaters).filter(({ command }) => command !== undefined);
  const programs = own.flatMap(({ command = [], actions = [], directory = '/' }) =>
    [...command, ...(actions as ManifestAction[]).flatMap(({ run = [] }) => run)]
      .filter((word) => word.includes('/') || word.includes('.'))
      .map((word) => resolve(directory, word)),
  );
  const directories = own
    .map(({ directory = '/' }) => resolve(directory))
    .filter((directory) => !isWithin(workspace, realPlace(directory)));
  const opened = Object.values(config.repeaters).flatMap(({ databases = {}, directory = '/' }) =>
    Object.values(databases)
      .flatMap(({ sqlite, ca }) => [sqlite, ca])
      .filter((path) => path !== undefined)
      .map((path) => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(directory, path))),
  );
  return [...config.sources.map(({ file }) => resolve(file)), ...directories, ...programs, ...opened];
}
