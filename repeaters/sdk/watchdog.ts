// What outlives this process when it is killed without a chance to clean up. The kernel ends the programs we started
// (cli-process.ts), but not what they started; a shell that waits for our end of its stdin to close ends their groups, too.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

const SCRIPT = `
groups=' '
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

let watchdog: ChildProcess | undefined;

/** Before a program is started: from its first moment to {@link watchGroup} must be no longer than it has to. */
export function startWatchdog(): void {
  watchdog ??= start();
}

/** From now on this process group ends when we do. */
export function watchGroup(group: number): void {
  startWatchdog();
  tell(`+ ${group}\n`);
}

/** The group has ended; its number may be given to others. */
export function forgetGroup(group: number): void {
  tell(`- ${group}\n`);
}

function tell(line: string): void {
  if (watchdog?.stdin?.writable === true) watchdog.stdin.write(line);
}

function start(): ChildProcess {
  // A session of its own: whatever is sent to our group must not end it before its work.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without it the kernel's part remains, and the next program tries again.
  shell.on('error', () => {
    watchdog = undefined;
  });
  shell.unref();
  // There is no pipe when it could not be started for want of descriptors.
  const stdin = shell.stdin as Socket | undefined;
  stdin?.on('error', () => {});
  stdin?.unref();
  return shell;
}
