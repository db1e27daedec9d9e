// Which sockets may be made. Families and protocols that are not known are refused: most of them are a way to the kernel
// that no tool of an agent needs, and some are a way around Landlock, which knows TCP ports only.

import { type Code, ALLOW, argument, failWith, ifAnyOf, ifAnySet, ifEqual, masked, withWord } from './bpf.js';
import { EPERM } from './filter.js';

const FAMILY = argument(0);
const TYPE = argument(1);
const PROTOCOL = argument(2);
/** SOCK_CLOEXEC and SOCK_NONBLOCK come in the same word. */
const TYPE_MASK = 0xf;
const [STREAM, DATAGRAM, RAW, SEQPACKET] = [1, 2, 3, 5];
const UNIX = 1;
const INET = [2, 10];
const NETLINK = 16;
const TCP = [0, 6];
/** Addresses and routes (getifaddrs), what is listening (ss), devices (udev). Not netfilter, audit, xfrm. */
const NETLINK_KINDS = [0, 4, 15];
const MSG_FASTOPEN = 0x2000_0000;

// What a kernel without the thing says, so that programs that try fall back.
const UNSUPPORTED_FAMILY = failWith(97); // EAFNOSUPPORT
const UNSUPPORTED_PROTOCOL = failWith(93); // EPROTONOSUPPORT
const UNSUPPORTED_OPERATION = failWith(95); // EOPNOTSUPP

/**
 * Multipath TCP connects to the same servers as TCP, and Landlock's ports do not hold for it (seen on Linux 6.18). Raw
 * sockets are left to the capability they need: an agent has it in a network namespace of its own only.
 */
const inet = (types: readonly number[]): Code =>
  withWord(
    TYPE,
    masked(
      TYPE_MASK,
      ifEqual(
        STREAM,
        withWord(PROTOCOL, ifAnyOf(TCP, ALLOW, UNSUPPORTED_PROTOCOL)),
        ifAnyOf(types, ALLOW, UNSUPPORTED_PROTOCOL),
      ),
    ),
  );

// A datagram socket sends to any path by sendto(), and SOCK_RAW is another name for it: only streams.
const unixStreams: Code = withWord(TYPE, masked(TYPE_MASK, ifEqual(STREAM, ALLOW, EPERM)));
const netlink: Code = withWord(PROTOCOL, ifAnyOf(NETLINK_KINDS, ALLOW, UNSUPPORTED_PROTOCOL));

/** `socket()` of an agent. */
export function agentSockets(unixSockets: 'stream' | 'none'): Code {
  const unix = unixSockets === 'stream' ? unixStreams : EPERM;
  const rest = ifEqual(NETLINK, netlink, UNSUPPORTED_FAMILY);
  return withWord(FAMILY, ifEqual(UNIX, unix, ifAnyOf(INET, inet([DATAGRAM, RAW]), rest)));
}

/** `socket()` of a CLI that talks to its injector and nobody else; with `inet`, to servers whose names it looks up. */
export function cliSockets(sockets: 'tcp' | 'unix' | 'inet'): Code {
  return withWord(
    FAMILY,
    sockets === 'unix'
      ? ifEqual(UNIX, unixStreams, UNSUPPORTED_FAMILY)
      : ifAnyOf(INET, inet(sockets === 'inet' ? [DATAGRAM] : []), UNSUPPORTED_FAMILY),
  );
}

/** `socketpair()`: a connected pair cannot be turned to somebody else, except a pair of datagram sockets. */
export const socketPairs: Code = withWord(
  FAMILY,
  ifEqual(
    UNIX,
    withWord(TYPE, masked(TYPE_MASK, ifAnyOf([STREAM, SEQPACKET], ALLOW, EPERM))),
    UNSUPPORTED_FAMILY,
  ),
);

/** Sending with MSG_FASTOPEN connects past Landlock's ports (seen on Linux 6.18). `flags`: which argument they are. */
export function withoutFastOpen(flags: number): Code {
  return withWord(argument(flags), ifAnySet(MSG_FASTOPEN, UNSUPPORTED_OPERATION, ALLOW));
}
