// One agent with a person at the terminal: typing, a resized window, ^C. In tmux, since that is what people have.

import { chownSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { TestedAgent } from './agents.js';
import { type As, type Stage, openStage } from './stage.js';
import { DENIED, END, LISTS, READS } from './task.js';
import { Tmux } from './tmux.js';

const STAYS = 'sleep 300';
const COMMANDS = [READS, LISTS, DENIED, STAYS];
const SMALL = { cols: 100, rows: 32 };
const LARGE = { cols: 140, rows: 44 };
const STEP_MS_MAX = 60_000;
const LOOK_MS = 100;

export interface Sitting {
  readonly agent: TestedAgent;
  /** What was done and seen, in order. */
  readonly done: readonly string[];
  /** How it ended. */
  readonly code: number | undefined;
  /** What was not, with the screen; undefined when all was. */
  readonly failed: string | undefined;
}

export async function sitAt(agent: TestedAgent, as: As = {}): Promise<Sitting> {
  const stage = await openStage(agent, COMMANDS, as, agent.onboarded);
  const done: string[] = [];
  let tmux: Tmux | undefined;
  try {
    tmux = openShell(stage, agent, as);
    const code = await sit(stage, tmux, { agent, note: (line) => void done.push(line) });
    return { agent, done, code, failed: undefined };
  } catch (error) {
    return { agent, done, code: undefined, failed: (error as Error).message };
  } finally {
    tmux?.close();
    await stage.close();
  }
}

function openShell({ home, env, words }: Stage, agent: TestedAgent, { uid }: As): Tmux {
  const script = path.join(home.directory, 'agent');
  const quoted = words(agent.interactive).map((word) => `'${word}'`);
  writeFileSync(script, `#!/bin/sh\nexec ${quoted.join(' ')}\n`, { mode: 0o755 });
  if (uid !== undefined) chownSync(script, uid, uid);
  const user = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  return new Tmux(home.directory, {
    command: [...user, 'bash', '--norc', '-i'],
    cwd: home.workspace,
    env: { ...env, PS1: 'ready> ', HISTFILE: '' },
    size: SMALL,
  });
}

async function sit(
  { model }: Stage,
  tmux: Tmux,
  { agent, note }: { agent: TestedAgent; note: (line: string) => void },
): Promise<number> {
  const asked = async (command: string): Promise<void> => {
    const isAsked = (): boolean =>
      model.requests.some(({ reply }) => JSON.stringify(reply ?? '').includes(command));
    const deadline = performance.now() + STEP_MS_MAX;
    while (!isAsked()) {
      if (performance.now() > deadline) throw new Error(`${command} was never run:\n${tmux.text()}`);
      await sleep(LOOK_MS);
    }
  };
  await tmux.until(/ready>/, STEP_MS_MAX);
  await tmux.type(
    'stty -g | md5sum >../before; ../agent; echo left with $?; stty -g | md5sum | diff - ../before && echo as before',
  );
  await tmux.press('Enter');
  await tmux.until(agent.ready, STEP_MS_MAX);
  await sleep(1_000);
  await tmux.type('do what the script says');
  await tmux.until(/do what the script says/, STEP_MS_MAX);
  await tmux.press('Enter');
  await asked(STAYS);
  note('typed a prompt: three commands ran, one of them denied, the fourth runs');
  tmux.resize(LARGE);
  await wider(tmux);
  note('made the window larger: the screen was drawn anew');
  await tmux.press(...agent.interrupt);
  await sleep(1_000);
  await tmux.type('go on');
  await tmux.press('Enter');
  await tmux.until(new RegExp(END), STEP_MS_MAX);
  note(`stopped the fourth (${agent.interrupt.join(' ')}), typed again: it went on`);
  await tmux.press(...agent.leave);
  await tmux.until(/left with \d+/, STEP_MS_MAX);
  const [, code = ''] = /left with (\d+)/.exec(tmux.text()) ?? [];
  await tmux.until(/as before/, STEP_MS_MAX);
  note(`left it (${agent.leave.join(' ')}): exit code ${code}, the terminal as before`);
  return Number(code);
}

async function wider(tmux: Tmux): Promise<void> {
  const deadline = performance.now() + STEP_MS_MAX;
  while (tmux.width() <= SMALL.cols) {
    if (performance.now() > deadline) throw new Error(`nothing is drawn wider:\n${tmux.text()}`);
    await sleep(LOOK_MS);
  }
}
