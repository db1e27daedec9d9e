// Machines on which no sandbox can be made: Turret must not run the agent's command there as if nothing were wrong.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { ALLOW, argument, assemble, ifAnySet, withWord } from '../../src/isolation/seccomp/bpf.js';
import { ENOSYS, EPERM, filterOf } from '../../src/isolation/seccomp/filter.js';
import type { Host } from './host.js';
import { type Try, tried } from './result.js';
import type { Level } from '../../src/isolation/levels.js';
import { modeOf } from './session.js';

const HIDDEN = ['/usr/bin/bwrap', '/usr/local/bin/bwrap'];
const NEW_USER = 0x1000_0000;

/** What the seccomp profile of a container does: no namespaces. */
function containerFilter(): Buffer {
  const withoutUser = withWord(argument(0), ifAnySet(NEW_USER, EPERM, ALLOW));
  return (
    filterOf(process.arch, { unshare: withoutUser, clone: withoutUser, clone3: ENOSYS }) ?? assemble(ALLOW)
  );
}

/** A command that starts another one as this user, where a file is not to be executed. */
function without(host: Host, files: string[]): string[] {
  const hide = files.filter((file) => existsSync(file)).map((file) => `mount --bind /dev/null ${file} && `);
  const script = `${hide.join('')}exec "$@"`;
  return ['unshare', '-m', 'sh', '-c', script, 'sh', ...host.prefix()];
}

/** Each way is whether the command ran with no sandbox, or another program than bubblewrap was taken for it. */
export async function unavailable(host: Host, level: Level): Promise<Try[]> {
  const { world, programs } = host;
  const filter = path.join(programs, 'container.bpf');
  writeFileSync(filter, containerFilter());
  const decoy = path.join(world.workspace, 'bwrap');
  writeFileSync(decoy, '#!/bin/sh\necho decoy > ran\n', { mode: 0o755 });
  const filtered = ['/usr/bin/python3', path.join(programs, 'filtered.py'), filter];
  const withDecoy = { PATH: `${world.workspace}:${world.env['PATH']}` };
  const situations: [string, string[], Record<string, string>][] = [
    ['run where namespaces are forbidden', [...without(host, []), ...filtered], {}],
    ['run where the only bwrap is one in the workspace', without(host, HIDDEN), withDecoy],
  ];
  const tries: Try[] = [];
  for (const [way, prefix, env] of situations) {
    const ran = path.join(world.workspace, 'ran');
    rmSync(ran, { force: true });
    const agent = ['/bin/sh', '-c', 'echo "$TURRET_ISOLATION" > ran'];
    const child = world.start(
      [...prefix, ...world.words(agent, [level === 'namespaced' ? '--isolation=auto' : modeOf(level)])],
      {
        env: { ...world.env, ...env },
        // The prefix becomes the user itself.
        uid: 0,
        gid: 0,
      },
    );
    const { code, stderr } = await world.finish(child);
    const ranAs = existsSync(ran) ? readFileSync(ran, 'utf8').trim() : undefined;
    const open = ranAs === 'none' || ranAs === 'decoy' || (ranAs !== undefined && level === 'strict');
    const said = ranAs === undefined ? `exit ${code}: ${stderr.split('\n')[0] ?? ''}` : `ran, ${ranAs}`;
    tries.push(tried(20, way, open, said));
  }
  rmSync(decoy);
  return tries;
}
