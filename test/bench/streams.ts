// What a guarded program prints, on its way to whoever reads it: two hops of a pipe on the one side; sandbox, repeater,
// redaction, broker and shim on the other.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { makeHome } from '../helpers/turret.js';
import { type GuardedWorld, startSession } from './commands.js';
import { compiled } from './compiled.js';
import type { Figure } from './figure.js';
import { type Sides, settled } from './measure.js';
import { brokerAndRepeaters, forgetPeak, memoryOf } from './memory.js';

const MANIFEST = `profile: cli
command: [./prod]
tools: [prod]
secrets: [PROD_KEY]
give: [{secret: PROD_KEY, env: PROD_KEY}]
actions:
  - {name: out, words: [out], annotations: {readOnly: true, destructive: false}, positions: [{param: mib, type: name, required: true}]}
`;
const CONFIG = `version: 1
repeaters: { prod: { manifest: tools/prod.yaml, sandbox: required } }
rules: [{ id: all, allow: ['prod.*'] }]
`;

const WHY = `Two processes of Node stand between program and shim, each with 35 to 60 µs of processor time for 64 KiB, where a \`cat\` needs about 15. It was 55 to 80: memory for a read and for a frame is used again instead of \
asked for (a quarter of their time and of their memory), and the window is 512 KiB instead of 256 (a tenth to a fifth of the time from end to end; a megabyte gave little more). Of what is left, as V8's sampler saw it in the \
broker, the kernel's write is two fifths, its read a seventh, Node's own streams a sixth, copying an eighth and all of our JavaScript with V8 another; in the repeater, looking for secrets is 6 %. Tried, with no difference: pieces \
of several frames in one write for a whole turn of the loop, credit in quarters of the window, 128 KiB a read; a sandbox made before the call (kept, for short calls) is less than the pipe differs from itself. Two processes of Node that do nothing but pass frames on, read into one memory, cost 2.3 times the processor time of \
the pipe (357 ms to 153 for 256 MiB, medians of six on a busy machine): so the goal needs one process of Node less (174 ms), or a relay that is not Node.`;

const WHY_HANDOFF = `The program's own writing is what is left: 170 to 190 ms for a gigabyte into a socket that nothing looks at. What passes it on moves it by splice(2), in the kernel and without a copy, and so does the shim; starting the call is 20 to 30 ms.`;

export const figuresOfStreams: readonly Figure[] = [
  {
    name: 'G7-256',
    title: '256 MiB through repeater, broker and shim, in frames / through `cat | cat`',
    goal: 1.25,
    stretch: 0.9,
    why: WHY,
    open: () => besidePipe(256),
  },
  {
    name: 'G7-1024',
    title: '1 GiB, the same way / through `cat | cat`',
    goal: 1.25,
    stretch: 0.9,
    why: 'As for 256 MiB.',
    open: () => besidePipe(1024),
  },
  {
    name: 'G7-handoff',
    title: '1 GiB where nobody asked for inspection, on a socket that is handed over / through `cat | cat`',
    goal: 0.4,
    stretch: 0.2,
    why: WHY_HANDOFF,
    open: () => besidePipe(1024, CONFIG.replace('required', 'required, redact: off')),
  },
  {
    name: 'G7-memory',
    title: 'most memory of broker and repeater while 1 GiB passes / while 64 MiB do',
    goal: 1.2,
    stretch: 1.05,
    rounds: 10,
    open: peaks,
  },
];

/** A session whose agent has the tool `prod`, and the program itself as `./.prod`. */
async function startProd(config = CONFIG): Promise<GuardedWorld> {
  const home = makeHome();
  const tools = path.join(home.directory, 'tools');
  mkdirSync(tools);
  writeFileSync(path.join(tools, 'prod.yaml'), MANIFEST);
  copyFileSync(compiled('prod'), path.join(tools, 'prod'));
  copyFileSync(compiled('prod'), path.join(home.workspace, '.prod'));
  return startSession({ home, config, env: { PROD_KEY: 'the-key-of-the-stream-0123456789' } });
}

const guarded = (mib: number): string[] => ['sh', '-c', `prod out ${mib} >/dev/null`];

async function besidePipe(mib: number, config = CONFIG): Promise<Sides> {
  const session = await startProd(config);
  const time = async (argv: readonly string[]): Promise<number> => {
    await settled();
    return session.time(argv);
  };
  return {
    subject: () => time(guarded(mib)),
    reference: () => time(['sh', '-c', `./.prod out ${mib} | cat | cat >/dev/null`]),
    close: () => session.close(),
  };
}

async function peaks(): Promise<Sides> {
  const session = await startProd();
  await session.time(guarded(64));
  const peakOf = async (mib: number): Promise<number> => {
    const pids = brokerAndRepeaters(session);
    for (const pid of pids) forgetPeak(pid);
    await session.time(guarded(mib));
    return pids.reduce((sum, pid) => sum + memoryOf(pid, 'VmHWM'), 0);
  };
  return { subject: () => peakOf(1024), reference: () => peakOf(64), close: () => session.close() };
}
