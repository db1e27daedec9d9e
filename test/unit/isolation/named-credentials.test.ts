import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { namedCredentials } from '../../../src/isolation/named-credentials.js';

test('files and directories with keys are found by the variables that name them, where they really are', () => {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'named-')));
  mkdirSync(join(place, 'gcloud'));
  for (const name of ['one', 'two', 'real']) writeFileSync(join(place, name), '');
  symlinkSync(join(place, 'real'), join(place, 'link'));
  expect(
    namedCredentials({
      KUBECONFIG: `${place}/one:${place}/two:${place}/missing`,
      AWS_SHARED_CREDENTIALS_FILE: join(place, 'link'),
      CLOUDSDK_CONFIG: join(place, 'gcloud'),
      AWS_CONFIG_FILE: '/dev/null',
      PGPASSFILE: 'relative',
      EDITOR: join(place, 'one'),
    }).sort(),
  ).toEqual(['gcloud', 'one', 'real', 'two'].map((name) => join(place, name)));
  rmSync(place, { recursive: true });
});
