// Without a sandbox the attempts get everywhere. If they did not, "stopped" would mean nothing.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { attemptAll, type AttemptTargets } from '../../../src/setup/attempts-inside.js';
import { openOutsideWorld, type OutsideWorld } from '../../../src/setup/outside-world.js';
import { type TemporaryHome, temporaryHome } from './temporary-home.js';

let home: TemporaryHome;
let world: OutsideWorld;
beforeEach(async () => {
  home = temporaryHome();
  world = await openOutsideWorld(home.path);
});
afterEach(() => {
  world.close();
  home.remove();
});

function targets(more: Partial<AttemptTargets> = {}): AttemptTargets {
  const key = home.write('.ssh/id', '');
  return {
    canary: world.canary,
    files: [key],
    keyDirectories: [dirname(key)],
    sockets: [world.socket, world.abstract],
    port: world.port,
    directories: [home.path],
    fileName: 'written',
    programs: [home.write('aws', '#!/bin/sh\n', 0o755)],
    shimMark: '#!/bin/sh\n# shim\n',
    connectMs: 5_000,
    ...more,
  };
}

test('every target that is there is reached', async () => {
  const wanted = targets();
  expect(await attemptAll(wanted)).toMatchObject({
    processes: true,
    environments: true,
    files: wanted.files,
    keyDirectories: wanted.keyDirectories,
    sockets: [world.socket, world.abstract],
    loopback: true,
    written: [home.path],
    programs: wanted.programs,
  });
  expect(existsSync(join(home.path, 'written'))).toBe(true);
});

test('what is not there, empty or a shim is not', async () => {
  const none = join(home.path, 'none');
  home.write('shim', '#!/bin/sh\n# shim\nexit 126\n', 0o755);
  const wanted = targets({
    canary: 'turret-doctor-another',
    files: [none],
    sockets: [none],
    directories: [none],
  });
  world.close();
  const report = await attemptAll({ ...wanted, keyDirectories: [none], programs: [join(home.path, 'shim')] });
  expect(report).toMatchObject({
    processes: false,
    environments: false,
    files: [],
    keyDirectories: [],
    sockets: [],
    loopback: false,
    written: [],
    programs: [],
  });
});
