#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// To write without blocking, O_NONBLOCK has to be set, and on the shared description it would be set for every other process that has the
// pipe or the terminal: so it is opened once more, for ourselves.
static int open_again(int descriptor) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool outlet_open(struct outlet *outlet, int descriptor) {
  struct stat found;
  *outlet = (struct outlet){.descriptor = descriptor};
  if (fstat(descriptor, &found) != 0) return true;
  outlet->socket = S_ISSOCK(found.st_mode);
  // Files are continued where they are, so they are not opened again.
  if (!S_ISFIFO(found.st_mode) && isatty(descriptor) != 1) return true;
  int own = open_again(descriptor);
  if (own >= 0) outlet->descriptor = own;
  // A pipe that nobody reads tells so at the first write.
  return own >= 0 || errno == ENXIO;
}

static size_t write_some(struct outlet *outlet, const uint8_t *bytes, size_t count) {
  size_t at = 0;
  while (at < count) {
    ssize_t written = outlet->socket ? send(outlet->descriptor, bytes + at, count - at, MSG_DONTWAIT | MSG_NOSIGNAL)
                                     : write(outlet->descriptor, bytes + at, count - at);
    if (written >= 0) {
      at += (size_t)written;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return at;
    } else if (errno != EINTR) {
      outlet->error = errno;
      return at;
    }
  }
  return at;
}

size_t outlet_write(struct outlet *outlet, const uint8_t *bytes, size_t count) {
  size_t gone = 0;
  if (outlet_waits(outlet) && outlet->error == 0) {
    gone = write_some(outlet, bytes_first(&outlet->waiting), bytes_held(&outlet->waiting));
    bytes_take(&outlet->waiting, gone);
  }
  size_t written = outlet_waits(outlet) || outlet->error != 0 ? 0 : write_some(outlet, bytes, count);
  if (outlet->error == 0) {
    if (count > written) bytes_add(&outlet->waiting, bytes + written, count - written);
    return gone + written;
  }
  gone += bytes_held(&outlet->waiting) + count;
  bytes_take(&outlet->waiting, bytes_held(&outlet->waiting));
  return gone;
}
