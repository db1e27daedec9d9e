// Same bytes, same files, same exit codes: every case with and without Turret, as a table. Needs a build.
// fidelity.mjs [--spawn | --against-spawn] [part of a case's id …]
import { runMain } from './bundled.mjs';

await runMain('fidelity');
