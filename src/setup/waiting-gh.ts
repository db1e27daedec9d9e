// Whether a sandbox can wait for a call of gh, found out by having one wait.

import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makePlace } from '../../repeaters/gh/environment.js';
import { openAwaitCall } from '../../repeaters/sdk/sandbox/await-call.js';
import type { PreparedCli } from '../../repeaters/sdk/sandbox/prepare-cli.js';
import { WaitingSandbox } from '../../repeaters/sdk/sandbox/waiting-sandbox.js';

/** Why each call makes its own; undefined when one waits. `cli`: a gh that is shut in. */
export async function whyNoneWaits(cli: PreparedCli): Promise<string | undefined> {
  const program = openAwaitCall();
  if (program === undefined) return 'the program that waits was neither brought nor compiled';
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'turret-doctor-gh-')));
  try {
    const place = await makePlace({ parent, branch: undefined });
    const { root, programs } = place;
    const sandbox = await WaitingSandbox.made(cli.confine({ place: root, programs }), program);
    await sandbox.discard();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
