// The configuration as this process finds it: its user, its working directory, its environment.

import { readConfigFile } from '../platform/config-file.js';
import { workingDirectory } from '../platform/working-directory.js';
import { compile } from '../policy/compile.js';
import type { CompiledPolicy } from '../policy/compile.js';
import type { Config } from './config.js';
import { loadConfig, readConfig } from './load.js';
import type { LoadOptions, LoadResult } from './load.js';

function optionsHere(configFile: string | undefined): LoadOptions {
  return {
    readFile: readConfigFile,
    ...(configFile === undefined ? {} : { configFile }),
    cwd: workingDirectory(),
    env: process.env,
    uid: process.getuid?.() ?? -1,
  };
}

/** Loads it. Throws TurretError. */
export function loadConfigHere(configFile?: string): Promise<Config> {
  return loadConfig(optionsHere(configFile));
}

/** Loads it, with what is wrong as values. Throws when a file cannot be read. */
export function readConfigHere(configFile?: string): Promise<LoadResult> {
  return readConfig(optionsHere(configFile));
}

/** Loads it and makes its policy ready. */
export async function loadPolicyHere(
  configFile?: string,
): Promise<{ config: Config; policy: CompiledPolicy }> {
  const config = await loadConfigHere(configFile);
  return { config, policy: compile(config.policy) };
}
