// What the real CLI of a repeater may not ask of the kernel: in addition to what an agent may not, everything it does not
// need in order to talk to its injector. Its arguments are an agent's, so its parsers are what is being attacked.

import { type Code, ALLOW, argument, ifAnySet, withWord } from './bpf.js';
import { EPERM, ENOSYS, everyOne, filterOf } from './filter.js';
import { agentRules } from './agent-filter.js';
import { cliSockets } from './sockets.js';

const NAMESPACES_AND_MOUNTS = [
  'unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree',
  'fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr',
] as const; // prettier-ignore

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; NEWTIME is for unshare and clone3 only. */
const CLONE_NEW = 0x7e02_0000;
const threadsAndProcesses: Code = withWord(argument(0), ifAnySet(CLONE_NEW, EPERM, ALLOW));

/** As `agentFilter`; `sockets`: what the injector listens on, `inet` where there is none. */
export function cliFilter(
  arch: NodeJS.Architecture,
  options: { sockets: 'tcp' | 'unix' | 'inet' },
): Buffer | undefined {
  return filterOf(arch, {
    ...agentRules({}),
    socket: cliSockets(options.sockets),
    clone: threadsAndProcesses,
    // Its flags are behind a pointer, where a filter cannot look; with ENOSYS the C library uses clone().
    clone3: ENOSYS,
    ...everyOne(NAMESPACES_AND_MOUNTS, EPERM),
  });
}
