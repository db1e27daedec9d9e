// What decides over the agent, or runs with a secret: the configuration, manifests, programs of repeaters. And what a
// repeater opens by its path, which in the agent's hands would become the path of something else.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Config } from '../config/config.js';

/** Absolute paths; words of a command that are no files are harmless in the list. */
export function fixedFiles(config: Config): string[] {
  const programs = Object.values(config.repeaters).flatMap(({ command = [], directory = '/' }) =>
    command
      .filter((word) => word.includes('/') || word.includes('.'))
      .map((word) => resolve(directory, word)),
  );
  const opened = Object.values(config.repeaters).flatMap(({ databases = {}, directory = '/' }) =>
    Object.values(databases)
      .flatMap(({ sqlite, ca }) => [sqlite, ca])
      .filter((path) => path !== undefined)
      .map((path) => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(directory, path))),
  );
  return [...config.sources.map(({ file }) => resolve(file)), ...programs, ...opened];
}
