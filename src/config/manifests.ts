// Blocks of turret.yaml that name a manifest, completed by it. The manifest is the operator's as the configuration is:
// whoever can write it decides which program gets the secrets.

import { resolve } from 'node:path';

import { installed } from '../installation.js';
import type { RepeaterConfig } from './config.js';
import type { ReadFile } from './load.js';
import { applyManifest, parseManifest } from './manifest.js';
import type { Problem } from './problem.js';

export interface ManifestReader {
  /** Where the blocks are. */
  file: string;
  readFile: (path: string) => Promise<ReadFile | undefined>;
  /** What is wrong with the file itself: its owner, its mode. */
  check: (read: ReadFile, path: string) => Problem[];
  /** The manifest is one of the files the configuration comes from. */
  found: (read: ReadFile, path: string) => void;
}

interface Found {
  file: string;
  read: ReadFile | undefined;
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
  return { repeaters: complete, problems: [...problems, ...doubledTools(complete, reader.file)] };
}

/** The second of two programs for one tool would never be asked. aws and gh tell their accounts apart themselves. */
function doubledTools(repeaters: Record<string, RepeaterConfig>, file: string): Problem[] {
  const taken = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, tools = [], command } of Object.values(repeaters)) {
    if (command === undefined) continue;
    for (const tool of tools) {
      const other = taken.get(tool);
      const message = `the tool ${JSON.stringify(tool)} is answered by two repeaters, ${other} and ${name}`;
      const hint = `give one of them another name for agents: tools: [${tool}-${name}]`;
      if (other !== undefined) problems.push({ file, message, hint });
      taken.set(tool, name);
    }
  }
  return problems;
}

async function completed(
  config: RepeaterConfig,
  manifest: string,
  reader: ManifestReader,
  problems: Problem[],
): Promise<RepeaterConfig> {
  const { file, read } = await find(config.directory ?? '/', manifest, reader);
  if (read === undefined) {
    problems.push({ file, message: `there is no such manifest (repeater "${config.name}" names it)` });
    return config;
  }
  reader.found(read, file);
  const parsed = parseManifest(read.bytes, file);
  problems.push(...reader.check(read, file), ...parsed.problems);
  return parsed.value === undefined ? config : applyManifest(config, parsed.value);
}

const SHIPPED = /^turret:([a-z][a-z0-9_]{0,31})$/;

/** `turret:kubectl` comes with this installation. */
async function find(directory: string, manifest: string, { readFile }: ManifestReader): Promise<Found> {
  const [, name] = SHIPPED.exec(manifest) ?? [];
  const file =
    name === undefined ? resolve(directory, manifest) : installed(`repeaters/${name}/${name}.yaml`);
  const read = await readFile(file);
  return { file: read === undefined && name !== undefined ? manifest : file, read };
}
