// Writes schema/turret.schema.json from the shape that checks turret.yaml. Run after `npx tsc`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { turretSchema } from '../dist/src/config/json-schema.js';

const target = new URL('../schema/turret.schema.json', import.meta.url);
mkdirSync(new URL('.', target), { recursive: true });
writeFileSync(target, `${JSON.stringify(turretSchema(), null, 2)}\n`);
