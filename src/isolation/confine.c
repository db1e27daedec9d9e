// Becomes another program with fewer rights: no abstract socket and no signal of a process outside, and, when ports are
// named, no TCP connection to any other. landlock(7) gives rights up for the calling thread and all it starts, for ever,
// so it must not be done in the supervisor; a thread of Node for it (launch-worker.ts) costs as much as Node itself.
//
//   confine --abi                              prints the version of the kernel's Landlock, 0 for none
//   confine [--connect PORT]… -- PROGRAM WORD…  port 0: none at all
//
// Nothing an agent says is read here: the words are the supervisor's.

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// As in <linux/landlock.h> of 6.12; the headers of the machine that builds may be older. The numbers are those of every architecture.
enum { CREATE = 444, ADD = 445, RESTRICT = 446, VERSION = 1, RULE_NET_PORT = 2 };
enum { ABI_PORTS = 4, ABI_SCOPES = 6 };
#define CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPES UINT64_C(3)

struct ruleset {
  uint64_t files, net, scoped;
};
struct net_port {
  uint64_t rights, port;
};

// What the shell says of a program that it cannot start.
enum { CANNOT_START = 126, NOT_FOUND = 127 };

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "Landlock refused %s: %s\n", what, strerror(errno));
  exit(CANNOT_START);
}

static long landlock_abi(void) {
  long abi = syscall(CREATE, NULL, (size_t)0, VERSION);
  return abi < 0 ? 0 : abi;
}

static void allow(int rules, const char *word) {
  char *end;
  errno = 0;
  unsigned long port = strtoul(word, &end, 10);
  if (errno != 0 || end == word || *end != '\0' || port > UINT16_MAX) {
    errno = EINVAL;
    fail("a port");
  }
  struct net_port rule = {.rights = CONNECT_TCP, .port = port};
  if (port != 0 && syscall(ADD, rules, RULE_NET_PORT, &rule, 0) != 0) fail("a port");
}

// The words from `first` to `last` are pairs of --connect and a port.
static void restrict_to(char **first, char **last) {
  long abi = landlock_abi();
  int ports = first < last;
  // Asked for and not there: never without it.
  if (ports && abi < ABI_PORTS) {
    errno = ENOSYS;
    fail("ports");
  }
  struct ruleset held = {.net = ports ? CONNECT_TCP : 0, .scoped = abi >= ABI_SCOPES ? SCOPES : 0};
  if (held.net == 0 && held.scoped == 0) return;
  // An older kernel takes what it does not know for an error unless it is zero.
  int rules = (int)syscall(CREATE, &held, sizeof held, 0);
  if (rules < 0) fail("a ruleset");
  for (char **word = first; word < last; word += 2) allow(rules, word[1]);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no new privileges");
  if (syscall(RESTRICT, rules, 0) != 0) fail("the restriction");
  close(rules);
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "--abi") == 0) return printf("%ld\n", landlock_abi()) > 0 ? 0 : 1;
  int at = 1;
  while (at + 1 < count && strcmp(words[at], "--connect") == 0) at += 2;
  if (at + 1 >= count || strcmp(words[at], "--") != 0) {
    fputs("usage: confine --abi | confine [--connect PORT]... -- PROGRAM [WORD]...\n", stderr);
    return CANNOT_START;
  }
  restrict_to(words + 1, words + at);
  execv(words[at + 1], words + at + 1);
  fprintf(stderr, "%s: %s\n", words[at + 1], strerror(errno));
  return errno == ENOENT ? NOT_FOUND : CANNOT_START;
}
