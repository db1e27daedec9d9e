// What the agent may not ask of the kernel. The rest is allowed: it is a developer's machine in there. Making namespaces,
// mounting in them and adding filters stay open, because agents run sandboxes of their own.

import { type Code, ALLOW, argument, ifAnyOf, withWord } from './bpf.js';
import { type Rules, EPERM, everyOne, filterOf } from './filter.js';
import { agentSockets, socketPairs, withoutFastOpen } from './sockets.js';

const OTHER_PROCESSES = ['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp'] as const;
/** The kernel's keys are the user's, whatever namespace one is in. */
const KEYRINGS = ['keyctl', 'add_key', 'request_key'] as const;
/** Does by itself what this filter would have seen: opens, connects, sends. */
const IO_URING = ['io_uring_setup', 'io_uring_register'] as const;
/** Needs a ring, and nobody in there can make one, or gets one: descriptors of rings are closed on exec. */
const IO_URING_USE = 'io_uring_enter';
/** Doors into the kernel that need rights which the agent has not, unless there is a hole. */
const KERNEL = [
  'bpf', 'perf_event_open', 'userfaultfd', 'kexec_load', 'kexec_file_load',
  'init_module', 'finit_module', 'delete_module', 'open_by_handle_at',
] as const; // prettier-ignore

/** Type into the terminal; select and paste on the console. The shell outside would run it after the agent's end. */
const [TIOCSTI, TIOCLINUX] = [0x5412, 0x541c];
const terminals: Code = withWord(argument(1), ifAnyOf([TIOCSTI, TIOCLINUX], EPERM, ALLOW));

export interface FilterOptions {
  /** `none` is for where paths of sockets are not hidden: then no socket of that family is made, and connected pairs are all there is. */
  unixSockets?: 'stream' | 'none';
  /** It is installed by a thread of Node's for itself too. From Node 24 on that thread has a ring, and aborts when it cannot use it. */
  inThread?: boolean;
}

export function agentRules({ unixSockets = 'stream', inThread = false }: FilterOptions): Rules {
  const forbidden = [...OTHER_PROCESSES, ...KEYRINGS, ...IO_URING, ...KERNEL];
  return {
    ioctl: terminals,
    socket: agentSockets(unixSockets),
    socketpair: socketPairs,
    sendto: withoutFastOpen(3),
    sendmsg: withoutFastOpen(2),
    sendmmsg: withoutFastOpen(3),
    ...everyOne(inThread ? forbidden : [...forbidden, IO_URING_USE], EPERM),
  };
}

/**
 * The bytes of a `struct sock_filter[]`, as `bwrap --seccomp FD` and seccomp(2) take them; undefined for a machine whose
 * system call numbers are not known.
 */
export function agentFilter(arch: NodeJS.Architecture, options: FilterOptions = {}): Buffer | undefined {
  return filterOf(arch, agentRules(options));
}
