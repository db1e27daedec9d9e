// What one guarded call costs, seen by the agent that makes it.

import { startBare, startFakes, startGuarded } from './commands.js';
import type { Figure } from './figure.js';
import { type Sides, settled } from './measure.js';

const AWS = ['aws', 's3', 'ls'];
const GH = ['gh', 'pr', 'list', '-R', 'acme/app'];
const PARALLEL = 8;

const WHY_GH = `A bare \`gh\` is over in some 50 ms, so that 10 more are a fifth of it (of \`aws\`, which needs 500, they are a fiftieth). Its sandbox waits for the call, so that gh asks its first question as soon as a bare one does; \
the end of the sandbox takes 2 ms, removing the private directory 1, and a guarded call of nothing at all (G3) takes 9: shim, broker, repeater and back.`;

export const figuresOfCalls: readonly Figure[] = [
  {
    name: 'G1',
    title: 'guarded / bare `aws s3 ls`, forked from the zygote',
    goal: 0.25,
    stretch: 0.12,
    open: () => againstBare(AWS, 1),
  },
  {
    name: 'G2-aws',
    title: 'guarded / bare `aws s3 ls`, the CLI started for the call',
    goal: 1.1,
    stretch: 1.03,
    open: () => againstBare(AWS, 1, 'off'),
  },
  {
    name: 'G2-gh',
    title: 'guarded / bare `gh pr list`',
    goal: 1.2,
    stretch: 1.1,
    why: WHY_GH,
    open: () => againstBare(GH, 1),
  },
  {
    name: 'G3',
    title: 'a guarded call that does nothing (`turret call echo.say`) / an empty Node program',
    goal: 0.4,
    stretch: 0.25,
    rounds: 40,
    open: noOperation,
  },
  {
    name: 'G4',
    title: `${PARALLEL} guarded / ${PARALLEL} bare \`aws s3 ls\` at once, forked from the zygote`,
    goal: 0.2,
    stretch: 0.1,
    open: () => againstBare(AWS, PARALLEL),
  },
];

async function againstBare(
  command: readonly string[],
  count: number,
  zygote: 'auto' | 'off' = 'auto',
): Promise<Sides> {
  const fakes = await startFakes();
  const guarded = await startGuarded({ aws: fakes.aws.url, gh: fakes.github.url, zygote });
  const bare = await startBare(fakes.bareEnvironment);
  const all = async (time: (argv: readonly string[]) => Promise<number>): Promise<number> => {
    await settled();
    const from = performance.now();
    await Promise.all(Array.from({ length: count }, () => time(command)));
    return performance.now() - from;
  };
  return {
    subject: () => all((argv) => guarded.time(argv)),
    reference: () => all((argv) => bare.time(bareWords(argv, fakes.aws.url))),
    async close() {
      await guarded.close();
      await bare.close();
      await fakes.close();
    },
  };
}

const bareWords = ([program = '', ...words]: readonly string[], endpoint: string): string[] =>
  program === 'aws' ? [program, '--endpoint-url', endpoint, ...words] : [program, ...words];

async function noOperation(): Promise<Sides> {
  const guarded = await startGuarded({ aws: '', gh: '' }, 'bench-echo.yaml');
  // In the same sandbox, by the same agent.
  const empty = [process.execPath, '.empty.cjs'];
  await guarded.time(['sh', '-c', ': > .empty.cjs']);
  return {
    subject: () => guarded.time(['turret', 'call', 'echo.say', 'text=x']),
    reference: () => guarded.time(empty),
    close: () => guarded.close(),
  };
}
