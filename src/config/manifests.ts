// Blocks of turret.yaml that name a manifest, completed by it. The manifest is the operator's as the configuration is:
// whoever can write it decides which program gets the secrets.

import { resolve } from 'node:path';

import type { RepeaterConfig } from './config.js';
import type { ReadFile } from './load.js';
import { applyManifest, parseManifest } from './manifest.js';
import type { Problem } from './problem.js';

export interface ManifestReader {
  readFile: (path: string) => Promise<ReadFile | undefined>;
  /** What is wrong with the file itself: its owner, its mode. */
  check: (read: ReadFile, path: string) => Problem[];
  /** The manifest is one of the files the configuration comes from. */
  found: (read: ReadFile, path: string) => void;
}

/** The repeaters, complete, and what is wrong with their manifests. */
export async function applyManifests(
  repeaters: Record<string, RepeaterConfig>,
  reader: ManifestReader,
): Promise<{ repeaters: Record<string, RepeaterConfig>; problems: Problem[] }> {
  const problems: Problem[] = [];
  const complete: Record<string, RepeaterConfig> = {};
  for (const [name, config] of Object.entries(repeaters)) {
    complete[name] =
      config.manifest === undefined ? config : await completed(config, config.manifest, reader, problems);
  }
  return { repeaters: complete, problems };
}

async function completed(
  config: RepeaterConfig,
  manifest: string,
  reader: ManifestReader,
  problems: Problem[],
): Promise<RepeaterConfig> {
  const file = resolve(config.directory ?? '/', manifest);
  const read = await reader.readFile(file);
  if (read === undefined) {
    problems.push({ file, message: `there is no such manifest (repeater "${config.name}" names it)` });
    return config;
  }
  reader.found(read, file);
  const parsed = parseManifest(read.bytes, file);
  problems.push(...reader.check(read, file), ...parsed.problems);
  return parsed.value === undefined ? config : applyManifest(config, parsed.value);
}
