// Two hundred calls at once, by as many processes.

import { readFileSync } from 'node:fs';

import { descendants } from '../helpers/processes.js';
import { World } from '../helpers/turret-world.js';
import { type Fault, type Outcome, play } from './fault.js';

const CALLS = 200;
const RSS_KB_MAX = 200_000;

// They begin together: each process waits for the same file before it asks.
const SCRIPT = `i=0
while test $i -lt ${CALLS}; do
  i=$((i + 1))
  (turret call echo.say text=$i >said.$i 2>told.$i; echo $? >code.$i) &
done
wait
step answered sh -c 'test "$(cat code.* | sort | uniq -c | tr -s " ")" = " ${CALLS} 0"'
step right sh -c 'i=0; while test $i -lt ${CALLS}; do i=$((i + 1)); test "$(cat said.$i)" = $i || exit 1; done'
step after turret call echo.say text=after
cat told.* | sort | uniq -c | head >&2`;

async function crowd(): Promise<Outcome> {
  const world = new World();
  let most = 0;
  const watch = setInterval(() => {
    for (const { pid, command } of descendants(process.pid)) {
      if (command.includes('broker/main.cjs')) most = Math.max(most, rssOf(pid));
    }
  }, 500);
  try {
    return await play(
      world,
      { script: SCRIPT, codes: { answered: 0, right: 0, after: 0 } },
      ({ after: { log } }) => {
        const ended = log.filter(({ type, outcome }) => type === 'call.finished' && outcome === 'done');
        return {
          'each is in the log once': new Set(ended.map(({ call }) => call)).size === CALLS + 1,
          'the broker stays small': most > 0 && most < RSS_KB_MAX,
        };
      },
    );
  } finally {
    clearInterval(watch);
  }
}

function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    // It has just ended.
    return 0;
  }
}

export const CROWD_FAULTS: Fault[] = [
  { id: 'crowd', title: `${CALLS} calls at once, a process each`, slow: true, run: crowd },
];
