// Where an editor finds the JSON Schema of turret.yaml.

import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { installed } from '../installation.js';

/**
 * For the first line of a file in `directory`. A project's file is shared, so it gets a relative path when turret is
 * installed in the project. An editor reads up to the first blank.
 */
export function schemaReference(project?: { root: string; directory: string }): string {
  const file = installed('schema/turret.schema.json');
  if (project !== undefined && file.startsWith(`${project.root}/node_modules/`))
    return relative(project.directory, file);
  return /^[\w./@+-]+$/.test(file) ? file : pathToFileURL(file).href;
}
