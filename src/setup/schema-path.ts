// Where an editor finds the JSON Schema of turret.yaml.

import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The schema of this installation, from the source tree and from the build: both are inside the package. */
function schemaFile(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const candidate = join(at, 'schema', 'turret.schema.json');
    if (existsSync(candidate)) return candidate;
    if (at === dirname(at)) throw new Error('the JSON Schema is missing from this installation');
  }
}

/**
 * For the first line of a file in `directory`. A project's file is shared, so it gets a relative path when turret is
 * installed in the project. An editor reads up to the first blank.
 */
export function schemaReference(project?: { root: string; directory: string }): string {
  const file = schemaFile();
  if (project !== undefined && file.startsWith(`${project.root}/node_modules/`))
    return relative(project.directory, file);
  return /^[\w./@+-]+$/.test(file) ? file : pathToFileURL(file).href;
}
