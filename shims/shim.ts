// The one program that is installed as `aws`, `gh` and every other tool a repeater serves. It has no options of its own:
// its name is the tool, and every word belongs to the tool. Bundled into one file; no npm package is in it.

import { basename } from 'node:path';

import { callAndExit } from '../src/client/call-and-exit.js';
import { inside } from './inside.js';

const [, program = '', ...argv] = process.argv;
const tool = basename(program);

if (tool === 'turret') void inside(argv, program);
else void callAndExit({ client: `shim ${tool}`, program, request: (from) => ({ tool, argv, ...from }) });
