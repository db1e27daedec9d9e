#include "ending.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "receive-files.h"

static const struct {
  const char *name;
  int number;
  /** It is for the tool. */
  bool forwarded;
  /** QUIT leaves a core file that would hold the token. USR1 as the Node shim, whose runtime answers it with a debugger. */
  bool by_exit_code;
} SIGNALS[] = {
    {"INT", SIGINT, true, false},   {"TERM", SIGTERM, true, false}, {"HUP", SIGHUP, true, false},     {"QUIT", SIGQUIT, true, true},
    {"USR1", SIGUSR1, true, true},  {"USR2", SIGUSR2, true, false}, {"PIPE", SIGPIPE, false, false}, {"KILL", SIGKILL, false, false},
    {"WINCH", SIGWINCH, true, false},
};
#define SIGNALS_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])
#define STANDARD_SIGNALS 32

_Noreturn void end_with(int code) {
  remove_unfinished();
  _exit(code);
}

_Noreturn void end_by_signal(const char *name) {
  size_t at = 0;
  while (at < SIGNALS_COUNT - 1 && strcmp(SIGNALS[at].name, name) != 0) at += 1;
  int number = SIGNALS[at].number;
  remove_unfinished();
  if (!SIGNALS[at].by_exit_code) {
    sigset_t all;
    sigfillset(&all);
    signal(number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    kill(getpid(), number);
  }
  // Also for the first process of a namespace, which does not die of it.
  _exit(128 + number);
}

const char *signal_known(const struct json_text *name) {
  for (size_t at = 0; at < SIGNALS_COUNT; at += 1)
    if (SIGNALS[at].number != SIGWINCH && json_is(name, SIGNALS[at].name)) return SIGNALS[at].name;
  return NULL;
}

void signals_reset(void) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < STANDARD_SIGNALS; number += 1) signal(number, number == SIGPIPE || number == SIGXFSZ ? SIG_IGN : SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

int signals_begin(void) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (size_t at = 0; at < SIGNALS_COUNT; at += 1)
    if (SIGNALS[at].forwarded) sigaddset(&wanted, SIGNALS[at].number);
  sigprocmask(SIG_BLOCK, &wanted, NULL);
  return signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
}

const char *signals_next(int signals) {
  struct signalfd_siginfo told;
  if (read(signals, &told, sizeof told) != sizeof told) return NULL;
  for (size_t at = 0; at < SIGNALS_COUNT; at += 1)
    if ((uint32_t)SIGNALS[at].number == told.ssi_signo) return SIGNALS[at].name;
  return NULL;
}
