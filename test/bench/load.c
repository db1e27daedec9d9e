/* Calls over sockets that the parent has opened and proved itself on, as fast as they are answered: on each one call at a
 * time. Written in C because the side that asks must not be what is measured.
 *
 *   load TYPE CONNECTIONS CALLS < frames      frames of the first connection, then of the second, …; sockets from fd 3 on
 *
 * A call is answered by the first frame of that type. Prints the nanoseconds from the first call to the last answer, then
 * those of each call, a line each. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_FD = 3, HEAD = 12, CHUNK = 1 << 16 };

struct connection {
  int fd;
  const uint8_t *next;
  long left;
  uint64_t asked;
  uint8_t head[HEAD];
  size_t have, skip;
};

static uint64_t *took;
static long answered;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t payload(const uint8_t *head) {
  return (size_t)head[8] << 24 | (size_t)head[9] << 16 | (size_t)head[10] << 8 | head[11];
}

static void ask(struct connection *c) {
  size_t length = HEAD + payload(c->next);
  c->asked = now();
  for (size_t at = 0; at < length;) {
    ssize_t sent = write(c->fd, c->next + at, length - at);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) die("write");
    if (sent > 0) at += (size_t)sent;
  }
  c->next += length;
  c->left -= 1;
}

static void take(struct connection *c, const uint8_t *bytes, size_t length, int type) {
  for (size_t at = 0; at < length;) {
    if (c->have < HEAD) {
      c->head[c->have++] = bytes[at++];
      if (c->have == HEAD) c->skip = payload(c->head);
    } else {
      size_t part = c->skip < length - at ? c->skip : length - at;
      c->skip -= part;
      at += part;
    }
    if (c->have < HEAD || c->skip > 0) continue;
    c->have = 0;
    if (c->head[1] != type) continue;
    took[answered++] = now() - c->asked;
    if (c->left > 0) ask(c);
  }
}

static uint8_t *readAll(void) {
  size_t size = 1 << 20, used = 0;
  uint8_t *all = malloc(size);
  for (;;) {
    if (all == NULL) die("malloc");
    ssize_t got = read(0, all + used, size - used);
    if (got < 0) die("read");
    if (got == 0) return all;
    used += (size_t)got;
    if (used == size) all = realloc(all, size *= 2);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int type = atoi(argv[1]), count = atoi(argv[2]);
  long calls = atol(argv[3]);
  const uint8_t *frames = readAll();
  struct connection *all = calloc((size_t)count, sizeof *all);
  took = calloc((size_t)(count * calls), sizeof *took);
  if (all == NULL || took == NULL) die("calloc");
  int poll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    all[i].fd = FIRST_FD + i;
    all[i].left = calls;
    all[i].next = frames;
    for (long call = 0; call < calls; call++) frames += HEAD + payload(frames);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event) < 0) die("epoll_ctl");
  }
  uint64_t from = now();
  for (int i = 0; i < count; i++) ask(&all[i]);
  while (answered < count * calls) {
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 10000);
    if (ready <= 0) die("no answer");
    for (int i = 0; i < ready; i++) {
      static uint8_t bytes[CHUNK];
      struct connection *c = events[i].data.ptr;
      ssize_t got = read(c->fd, bytes, CHUNK);
      if (got == 0) die("the connection ended");
      if (got < 0 && errno != EAGAIN) die("read");
      if (got > 0) take(c, bytes, (size_t)got, type);
    }
  }
  printf("%llu\n", (unsigned long long)(now() - from));
  for (long i = 0; i < answered; i++) printf("%llu\n", (unsigned long long)took[i]);
  return 0;
}
