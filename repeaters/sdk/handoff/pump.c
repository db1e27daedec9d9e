// Takes what a program prints to the one caller that may have it, without a copy in between: splice(2) from its output to
// a socket in the agent's directory. Nobody looks through what passes; it is counted, ends at a bound, and stops with us.
//
//   pump SOCKET BYTES_MAX WAIT_MS
//     0  what the program prints
//     3  the repeater: it writes the ticket (32 bytes) and shuts its side down when the program has ended;
//        it reads "listening\n", and "COUNT\n" at the end
//
// Exit: 0 all of it was taken, or nobody takes more; 3 the bound; 4 nobody came with the ticket; 1 something else.
//
// Who is attacking: the agent. It can connect, send anything, read slowly or not at all; it gets nothing without the
// ticket, and what it sends behind it is never read. And a real CLI that was taken over: what it can do is print. A
// descriptor that it passes along with its output gets lost here.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT = 0, REPEATER = 3, TICKET_BYTES = 32, PIECE_BYTES = 1 << 20, STRANGERS_MAX = 16 };
enum { ALL = 0, BROKEN = 1, PAST_BOUND = 3, NOBODY = 4 };

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/** False when it is too late. */
static bool wait_for(int descriptor, double until_ms) {
  for (;;) {
    double left = until_ms - now_ms();
    if (left <= 0) return false;
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    int ready = poll(&one, 1, (int)left + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

static bool read_ticket(int from, uint8_t ticket[TICKET_BYTES], double until_ms) {
  for (size_t at = 0; at < TICKET_BYTES;) {
    if (!wait_for(from, until_ms)) return false;
    ssize_t got = read(from, ticket + at, TICKET_BYTES - at);
    if (got <= 0) return false;
    at += (size_t)got;
  }
  return true;
}

/** In the same time wherever they differ. */
static bool is_same(const uint8_t *one, const uint8_t *other) {
  uint8_t difference = 0;
  for (size_t at = 0; at < TICKET_BYTES; at += 1) difference |= (uint8_t)(one[at] ^ other[at]);
  return difference == 0;
}

/** Takes one out of those that are waited for; the others stay in the order they came. */
static int leave(struct pollfd *all, size_t *count, size_t at) {
  int descriptor = all[at].fd;
  *count -= 1;
  memmove(all + at, all + at + 1, (*count - at) * sizeof *all);
  return descriptor;
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -1;
  memcpy(address.sun_path, path, strlen(path));
  int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  umask(077);
  if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address) != 0 || listen(made, STRANGERS_MAX) != 0) return -1;
  return made;
}

/**
 * The connection of the one who has the ticket; -1 when nobody came with it in time. Who connects and says nothing holds
 * nobody up: the others are heard meanwhile, and with too many of them the one that came first has to go.
 */
static int await_caller(int listener, const uint8_t ticket[TICKET_BYTES], double until_ms) {
  struct pollfd all[1 + STRANGERS_MAX] = {{.fd = listener, .events = POLLIN}};
  size_t count = 1;
  for (double left; (left = until_ms - now_ms()) > 0;) {
    if (poll(all, count, (int)left + 1) <= 0) continue;
    bool somebody = all[0].revents != 0;
    for (size_t at = count - 1; at > 0; at -= 1) {
      uint8_t shown[TICKET_BYTES];
      if (all[at].revents == 0) continue;
      // Whoever has it says it in one piece.
      ssize_t got = recv(all[at].fd, shown, sizeof shown, MSG_DONTWAIT);
      int connection = leave(all, &count, at);
      if (got == TICKET_BYTES && is_same(shown, ticket)) {
        while (count > 1) close(leave(all, &count, 1));
        return connection;
      }
      close(connection);
    }
    int came = somebody ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (came < 0) continue;
    if (count > STRANGERS_MAX) close(leave(all, &count, 1));
    all[count++] = (struct pollfd){.fd = came, .events = POLLIN};
  }
  while (count > 1) close(leave(all, &count, 1));
  return -1;
}

/** Bytes that are there now, or the first that come; 0 at the end. Once the program has ended, what it left is all there is. */
static ssize_t take(int into, size_t most) {
  static bool ended = false;
  for (;;) {
    struct pollfd both[] = {{.fd = OUTPUT, .events = POLLIN}, {.fd = ended ? -1 : REPEATER, .events = POLLIN}};
    if (poll(both, 2, ended ? 0 : -1) < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (both[0].revents != 0) return splice(OUTPUT, NULL, into, NULL, most, SPLICE_F_MOVE);
    if (ended) return 0;
    char nothing;
    // It has no more to say to us: what can be read is its end.
    if (both[1].revents != 0 && read(REPEATER, &nothing, 1) <= 0) ended = true;
  }
}

static int pass_on(int caller, uint64_t most, uint64_t *count) {
  int between[2];
  if (pipe2(between, O_CLOEXEC) != 0) return BROKEN;
  // Less is as right, only slower.
  fcntl(between[1], F_SETPIPE_SZ, PIECE_BYTES);
  for (;;) {
    ssize_t got = take(between[1], PIECE_BYTES);
    if (got < 0) return BROKEN;
    if (got == 0) return ALL;
    bool past = (uint64_t)got > most - *count;
    for (size_t left = past ? (size_t)(most - *count) : (size_t)got; left > 0;) {
      ssize_t gone = splice(between[0], NULL, caller, NULL, left, SPLICE_F_MOVE);
      if (gone < 0 && errno == EINTR) continue;
      // Its reader left: the program finds out at its next write.
      if (gone <= 0) return errno == EPIPE || errno == ECONNRESET ? ALL : BROKEN;
      left -= (size_t)gone;
      *count += (uint64_t)gone;
    }
    if (past) return PAST_BOUND;
  }
}

static void say(const char *words) {
  size_t count = strlen(words);
  if (send(REPEATER, words, count, MSG_NOSIGNAL) != (ssize_t)count) _exit(BROKEN);
}

int main(int argc, char **argv) {
  uint8_t ticket[TICKET_BYTES];
  // Nothing of it is left when the repeater is killed, and no other process of the user looks into it.
  if (argc != 4 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) return BROKEN;
  signal(SIGPIPE, SIG_IGN);
  uint64_t most = strtoull(argv[2], NULL, 10), count = 0;
  double until_ms = now_ms() + strtod(argv[3], NULL);
  if (!read_ticket(REPEATER, ticket, until_ms)) return BROKEN;
  int listener = listen_at(argv[1]);
  if (listener < 0) return BROKEN;
  say("listening\n");
  int caller = await_caller(listener, ticket, until_ms);
  unlink(argv[1]);
  close(listener);
  if (caller < 0) return NOBODY;
  int how = pass_on(caller, most, &count);
  char line[32];
  snprintf(line, sizeof line, "%llu\n", (unsigned long long)count);
  say(line);
  return how;
}
