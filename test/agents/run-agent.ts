// One agent under `turret run`, without a terminal, from its prompt to its end.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';

import { knownAgent } from '../../src/agents/agents.js';
import type { RecordedRequest } from '../fakes/recorder.js';
import { type AuditRecord, lastRecords } from '../helpers/turret.js';
import type { TestedAgent } from './agents.js';
import type { ModelRequest } from './model/server.js';
import { type As, openStage } from './stage.js';
import { COMMANDS } from './task.js';

export interface Run {
  readonly agent: TestedAgent;
  /** Its HOME, which is gone. */
  readonly home: string;
  /** Undefined when it did not end by itself. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  readonly model: readonly ModelRequest[];
  readonly aws: readonly RecordedRequest[];
  readonly github: readonly RecordedRequest[];
  readonly records: readonly AuditRecord[];
  /** Files below HOME that are the agent's own and still there when it has ended. */
  readonly kept: readonly string[];
}

const RUN_MS_MAX = 150_000;

export async function runAgent(agent: TestedAgent, as: As = {}): Promise<Run> {
  const stage = await openStage(agent, COMMANDS, as);
  const { home, env, model, aws, github } = stage;
  try {
    const [file = '', ...args] = stage.words(agent.headless);
    const began = performance.now();
    const child = spawn(file, args, {
      cwd: home.workspace,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(as.uid === undefined ? {} : { uid: as.uid, gid: as.uid }),
    });
    const ended = await endOf(child);
    return {
      agent,
      home: home.directory,
      ...ended,
      ms: performance.now() - began,
      model: [...model.requests],
      aws: [...aws.requests],
      github: [...github.requests],
      records: lastRecords(home),
      kept: ownFiles(home.directory, agent.command),
    };
  } finally {
    await stage.close();
  }
}

function ownFiles(directory: string, command: string): string[] {
  const own = knownAgent(command)?.home ?? [];
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .filter((file) => own.some((mine) => file === mine || file.startsWith(`${mine}/`)));
}

async function endOf(child: ChildProcess): Promise<Pick<Run, 'code' | 'stdout' | 'stderr'>> {
  if (child.stdout === null || child.stderr === null) throw new Error('started without pipes');
  const late = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX);
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), closed]);
  clearTimeout(late);
  return { code: code ?? undefined, stdout: stdout.toString(), stderr: stderr.toString() };
}
