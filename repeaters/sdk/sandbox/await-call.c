// The first program in a sandbox that was made before its call (waiting-sandbox.ts): waits to be told what to run, and
// becomes that. It has no name inside: it is started from a descriptor, and closes that.
//
// From REQUEST come two numbers of four bytes, most significant first: how many bytes follow, and how many of the words
// in them are arguments. Each word ends with a NUL: the working directory, the program and its arguments, then all of the
// environment but for PWD. The words are an agent's, so nothing is done with them but to find their ends.
//
// To REQUEST goes one byte when this waits, and one when it has read everything. Until the second nothing of a call has
// run here; whoever does not get it may run the call elsewhere.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// As waiting-sandbox.ts places them, and CLI_REQUEST_BYTES_MAX in src/protocol/limits.ts.
enum { REQUEST = 3, SELF = 4, REQUEST_BYTES_MAX = 131072 };
// What the shell says of a program that it cannot start.
enum { CANNOT_START = 126, NOT_FOUND = 127 };

static char body[REQUEST_BYTES_MAX];
// As bubblewrap sets it, last, for a program of its own.
static char where[sizeof "PWD=" + PATH_MAX] = "PWD=";
// A word has at least its NUL, and the first is in neither. The NULL after the last is there from the beginning.
static char *arguments[REQUEST_BYTES_MAX + 1];
static char *environment[REQUEST_BYTES_MAX + 1];

static void say(void) {
  if (write(REQUEST, ".", 1) != 1) _exit(CANNOT_START);
}

static void take(void *to, size_t size) {
  for (size_t at = 0; at < size;) {
    ssize_t got = read(REQUEST, (char *)to + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    // The repeater wants nothing of it, or is gone.
    if (got <= 0) _exit(CANNOT_START);
    at += (size_t)got;
  }
}

static uint32_t number(const unsigned char *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  _exit(errno == ENOENT ? NOT_FOUND : CANNOT_START);
}

int main(void) {
  unsigned char head[8];
  close(SELF);
  if (fcntl(REQUEST, F_SETFD, FD_CLOEXEC) != 0) return CANNOT_START;
  say();
  take(head, sizeof head);
  uint32_t size = number(head), count = number(head + 4);
  if (size == 0 || size > sizeof body) return CANNOT_START;
  take(body, size);
  if (body[size - 1] != '\0') return CANNOT_START;
  uint32_t at = (uint32_t)strlen(body) + 1;
  uint32_t words = 0, variables = 0;
  for (; at < size; at += (uint32_t)strlen(body + at) + 1) {
    if (words < count) arguments[words++] = body + at;
    else environment[variables++] = body + at;
  }
  if (words == 0 || words != count) return CANNOT_START;
  say();
  if (chdir(body) != 0 || getcwd(where + strlen(where), PATH_MAX) == NULL) fail(body);
  environment[variables] = where;
  execve(arguments[0], arguments, environment);
  fail(arguments[0]);
}
