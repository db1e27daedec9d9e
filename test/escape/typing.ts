// A shell on a real terminal runs the agent; what the agent types into that terminal the shell would run afterwards.

import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';

import { Terminal } from '../helpers/terminal.js';
import type { Host } from './host.js';
import { type Try, tried } from './result.js';
import type { Level } from '../../src/isolation/levels.js';
import { modeOf } from './session.js';

const WAYS = ['stdin', 'stdout', 'stderr', 'tty', 'high-bits'];

/** Without a level: by the same user without Turret. */
export async function typing(host: Host, level?: Level): Promise<Try[]> {
  const { world } = host;
  const typist = ['/usr/bin/python3', path.join(world.workspace, 'typist.py'), world.workspace];
  const words = level === undefined ? typist : world.words(typist, [modeOf(level), '-q']);
  const terminal = new Terminal({
    command: [...host.prefix(), '/bin/bash', '--norc', '--noprofile', '-i'],
    cwd: world.workspace,
    env: world.env,
  });
  try {
    // Written so that the shell's echo of the line is not taken for its output.
    terminal.type(`${words.join(' ')}; echo BA''CK\n`);
    await terminal.expect(/BACK/);
    const said = terminal.shown;
    terminal.type("echo EN''D; exit\n");
    await terminal.expect(/END/);
    await terminal.ended();
    return WAYS.map((way) => {
      const file = path.join(world.workspace, `typed-${way}`);
      const reached = existsSync(file);
      rmSync(file, { force: true });
      return tried(
        16,
        way,
        reached,
        new RegExp(`^${way}: (.*?)\\r?$`, 'm').exec(said)?.[1] ?? 'nothing was run',
      );
    });
  } finally {
    terminal.close();
  }
}
