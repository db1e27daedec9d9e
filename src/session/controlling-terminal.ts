// The terminal this process was started from. The agent gets it untouched; here is only what has to be known about it.

import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

const STOP_LOOK_MS = 250;
/** Which of our descriptors were a terminal when we started. */
const TERMINALS = [0, 1, 2].filter((fd) => isatty(fd));

/**
 * Whether ^C and ^\ go to our whole process group, and so to the agent without us: we are the terminal's foreground job.
 * What stdin is says nothing about that.
 */
export function isForegroundJob(): boolean {
  const own = statOf('self');
  if (own === undefined) return isatty(0);
  return own.terminal !== 0 && own.foreground === own.group;
}

/** Whether a terminal we had is closed by now. */
export function isHungUp(): boolean {
  return TERMINALS.some((fd) => !isatty(fd));
}

/**
 * An agent that stops itself (its own ^Z in raw mode) would leave the shell waiting for us: then the whole job stops, as
 * it would without us, and `fg` resumes it. `agent` tells the process, once there is one. Returns what ends the watch.
 */
export function followStops(agent: () => number | undefined): () => void {
  if (statOf('self')?.terminal === 0) return () => {};
  let wasStopped = false;
  const timer = setInterval(() => {
    const pid = agent();
    const isStopped = pid !== undefined && statOf(pid)?.state === 'T';
    // The kernel ignores this for a group that no shell could resume.
    if (isStopped && !wasStopped) process.kill(0, 'SIGTSTP');
    wasStopped = isStopped;
  }, STOP_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

interface Stat {
  state: string;
  group: number;
  /** 0 without a controlling terminal. */
  terminal: number;
  /** Process group in the terminal's foreground. */
  foreground: number;
}

function statOf(process: number | 'self'): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'latin1');
    // The name in parentheses may hold anything. After it: state ppid pgrp session tty_nr tpgid.
    const [state = '', , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group), terminal: Number(terminal), foreground: Number(foreground) };
  } catch {
    // Not Linux, or gone.
    return undefined;
  }
}
