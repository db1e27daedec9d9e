// What decides over the agent, or runs with a secret: the configuration, manifests, programs of repeaters.

import { resolve } from 'node:path';

import type { Config } from '../config/config.js';

/** Absolute paths; words of a command that are no files are harmless in the list. */
export function fixedFiles(config: Config): string[] {
  const programs = Object.values(config.repeaters).flatMap(({ command = [], directory = '/' }) =>
    command
      .filter((word) => word.includes('/') || word.includes('.'))
      .map((word) => resolve(directory, word)),
  );
  return [...config.sources.map(({ file }) => resolve(file)), ...programs];
}
