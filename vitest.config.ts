import { defineConfig } from 'vitest/config';

// `unit` runs the sources in process; `e2e` runs the built program with real processes, sockets and CLIs.
export default defineConfig({
  test: {
    env: { NODE_ENV: 'production' },
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
