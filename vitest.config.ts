import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of minutes: one that starts last is waited for alone. */
const LONGEST = [
  'fidelity',
  'attack',
  'fake-aws',
  'aws-injector',
  'agents',
  'fakes',
  'terminal',
  'kill-matrix',
  'sandbox',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/e2e/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((one, two) => place(one) - place(two));
  }
}

// `unit` runs the sources in process; `e2e` runs the built program with real processes, sockets and CLIs.
export default defineConfig({
  test: {
    env: { NODE_ENV: 'production' },
    sequence: { sequencer: LongestFirst },
    globalSetup: './test/helpers/own-tmp.ts',
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/{unit,fuzz}/**/*.test.ts', 'test/tidy.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          // Real processes on a busy machine: npm run check names each test that needed it.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
