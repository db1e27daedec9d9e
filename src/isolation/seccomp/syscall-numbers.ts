// The system calls that the filters speak of, by their numbers. Held against the kernel's headers by
// test/vectors/syscall-numbers.json, and that by test/unit/isolation/kernel-headers.test.ts.

interface Machine {
  /** AUDIT_ARCH_… of <linux/audit.h>: what the kernel says of a call made in this machine's own way. */
  audit: number;
  numbers: Readonly<Record<Syscall, number>>;
}
export type Syscall = keyof typeof X64;

const X64 = {
  ptrace: 101, process_vm_readv: 310, process_vm_writev: 311, pidfd_getfd: 438, kcmp: 312,
  keyctl: 250, add_key: 248, request_key: 249,
  io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427,
  bpf: 321, perf_event_open: 298, userfaultfd: 323,
  kexec_load: 246, kexec_file_load: 320, init_module: 175, finit_module: 313, delete_module: 176,
  open_by_handle_at: 304,
  ioctl: 16, socket: 41, socketpair: 53, sendto: 44, sendmsg: 46, sendmmsg: 307,
  clone: 56, clone3: 435, unshare: 272, setns: 308,
  mount: 165, umount2: 166, pivot_root: 155, chroot: 161, move_mount: 429, open_tree: 428,
  fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433, mount_setattr: 442,
} as const; // prettier-ignore

const ARM64: Record<Syscall, number> = {
  ptrace: 117, process_vm_readv: 270, process_vm_writev: 271, pidfd_getfd: 438, kcmp: 272,
  keyctl: 219, add_key: 217, request_key: 218,
  io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427,
  bpf: 280, perf_event_open: 241, userfaultfd: 282,
  kexec_load: 104, kexec_file_load: 294, init_module: 105, finit_module: 273, delete_module: 106,
  open_by_handle_at: 265,
  ioctl: 29, socket: 198, socketpair: 199, sendto: 206, sendmsg: 211, sendmmsg: 269,
  clone: 220, clone3: 435, unshare: 97, setns: 268,
  mount: 40, umount2: 39, pivot_root: 41, chroot: 51, move_mount: 429, open_tree: 428,
  fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433, mount_setattr: 442,
}; // prettier-ignore

const X64_MACHINE: Machine = { audit: 0xc000_003e, numbers: X64 };
const ARM64_MACHINE: Machine = { audit: 0xc000_00b7, numbers: ARM64 };

/** Undefined for a machine whose numbers are not known here. */
export function machine(arch: NodeJS.Architecture): Machine | undefined {
  if (arch === 'x64') return X64_MACHINE;
  return arch === 'arm64' ? ARM64_MACHINE : undefined;
}
