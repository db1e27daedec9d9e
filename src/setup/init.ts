// `turret init`, as a story: find the place, look around, write.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { userConfigPath } from '../config/load.js';
import { TurretError } from '../errors.js';
import { projectConfigText, userConfigText } from './config-text.js';
import type { Environment } from './environment.js';
import { schemaReference } from './schema-path.js';
import { type Survey, survey } from './survey.js';
import { writeConfig } from './write-config.js';

export interface InitOptions {
  cwd: string;
  env: Environment;
  /** `./.turret/turret.yaml` instead of the user's file. */
  project: boolean;
  /** Nothing is written. */
  print: boolean;
  force: boolean;
}
export interface InitResult {
  /** Where it was, or would be, written. Absent when there is no place and it was only printed. */
  file?: string;
  written: boolean;
  text: string;
  /** Absent for a project file, which says nothing about the machine. */
  found?: Survey;
}

/** Throws TurretError `usage` when there is a file already, `state_unwritable` when it cannot be written. */
export async function init(options: InitOptions): Promise<InitResult> {
  const file = options.project ? projectFile(options) : userConfigPath(options);
  if (file === undefined && !options.print) {
    throw new TurretError('state_unwritable', 'there is no place for turret.yaml: HOME is not set', {
      hints: ['set HOME or XDG_CONFIG_HOME to an absolute path, or use turret init --print'],
    });
  }
  const found = options.project ? undefined : await survey(options.env);
  const text =
    found === undefined
      ? projectConfigText(projectSchema(options.cwd))
      : userConfigText(found, schemaReference());
  if (!options.print && file !== undefined) {
    writeConfig({
      file,
      text,
      force: options.force,
      forceHint: `turret init ${options.project ? '--project ' : ''}--force`,
    });
  }
  return {
    ...(file === undefined ? {} : { file }),
    written: !options.print,
    text,
    ...(found === undefined ? {} : { found }),
  };
}

function projectSchema(root: string): string {
  return schemaReference({ root, directory: join(root, '.turret') });
}

// Two project files are an error of the whole configuration: this must not make the second one.
function projectFile({ cwd, env, print }: InitOptions): string {
  const file = join(cwd, '.turret', 'turret.yaml');
  const other = join(cwd, 'turret.yaml');
  if (!print && existsSync(other) && other !== userConfigPath({ cwd, env })) {
    throw new TurretError('usage', `there is a project file already: ${other}`, {
      hints: [`keep that one, or move it first: mkdir -p ${dirname(file)} && mv ${other} ${file}`],
    });
  }
  return file;
}
