// The one program that is installed as `aws`, `gh` and every other tool a repeater serves. It has no options of its own:
// its name is the tool, and every word belongs to the tool. Bundled into one file; no npm package is in it.

import { basename, dirname, join } from 'node:path';

import { callAndExit } from '../src/client/call-and-exit.js';
import { AGENT_FILES } from '../src/protocol/agent-directory.js';
import { inside } from './inside.js';

const [, called = '', ...argv] = process.argv;
const tool = basename(called);
// A native shim has called us in its place: we are `node/<tool>`, it is `bin/<tool>`.
const program =
  basename(dirname(called)) === AGENT_FILES.nodeShims ? join(dirname(called), '../bin', tool) : called;

if (tool === 'turret') void inside(argv, program);
else void callAndExit({ client: `shim ${tool}`, program, request: (from) => ({ tool, argv, ...from }) });
