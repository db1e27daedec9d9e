// Writes schema/*.schema.json from the shapes that check turret.yaml and manifests. Run after `npx tsc`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { manifestSchema, turretSchema } from '../dist/src/config/json-schema.js';

const schemas = { turret: turretSchema(), manifest: manifestSchema() };
for (const [name, schema] of Object.entries(schemas)) {
  const target = new URL(`../schema/${name}.schema.json`, import.meta.url);
  mkdirSync(new URL('.', target), { recursive: true });
  writeFileSync(target, `${JSON.stringify(schema, null, 2)}\n`);
}
