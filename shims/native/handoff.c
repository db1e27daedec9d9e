#include "handoff.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "handshake.h"
#include "limits.h"
#include "text.h"

#define PIECE_BYTES 131072
#define MOVED_BYTES 1048576
#define TICKET_BYTES 32

static bool is_name(const struct json_text *name) {
  for (size_t at = 0; at < name->count; at += 1) {
    unsigned char is = (unsigned char)name->at[at];
    if (at == HANDOFF_PLACE_BYTES ? is != '/' : !isalnum(is) && is != '-' && is != '_') return false;
  }
  return name->count == HANDOFF_NAME_BYTES;
}

static int connect_in(const char *directory, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int count = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
  if (count < 0 || (size_t)count >= sizeof address.sun_path) return -1;
  int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made >= 0 && connect(made, (struct sockaddr *)&address, sizeof address) == 0) return made;
  if (made >= 0) close(made);
  return -1;
}

static void stop_reading(struct handoff *handoff) {
  if (handoff->socket >= 0) close(handoff->socket);
  handoff->socket = -1;
}

bool handoff_take(struct handoff *handoff, const struct json *status, struct problem *problem) {
  const struct json_text *name = json_text_of(status, &status->values[0], "name");
  uint8_t ticket[TICKET_BYTES];
  bool wanted = handoff->directory != NULL && !handoff->taken && name != NULL && is_name(name) &&
                from_base64url(ticket, sizeof ticket, "ticket", json_text_of(status, &status->values[0], "ticket"), problem);
  if (!wanted) return fail_protocol(problem, "output handed over in a way that nobody asked for");
  handoff->taken = true;
  handoff->socket = connect_in(handoff->directory, name->at);
  if (handoff->socket >= 0 && send(handoff->socket, ticket, sizeof ticket, MSG_NOSIGNAL) == (ssize_t)sizeof ticket) return true;
  handoff_close(handoff);
  return fail(problem, "repeater_crashed", "the output that was handed over is not there any more",
              "the call may or may not have taken effect; look before you repeat it");
}

/** False when there is nothing now, or nothing more. */
static bool move_in(struct handoff *handoff) {
  ssize_t got = splice(handoff->socket, NULL, handoff->between[1], NULL, MOVED_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got > 0) handoff->held = (size_t)got;
  else if (got == 0 || (errno != EAGAIN && errno != EINTR)) stop_reading(handoff);
  return got > 0;
}

/** False when what is held has to be read and written, which also says what is wrong with it. */
static bool move_out(struct handoff *handoff, const struct outlet *outlet) {
  ssize_t gone = splice(handoff->between[0], NULL, outlet->descriptor, NULL, handoff->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (gone >= 0) handoff->held -= (size_t)gone;
  else return errno == EAGAIN || errno == EINTR;
  return true;
}

/** Between what the kernel can move without waiting: not a terminal, and a socket would have to be made not to wait. */
static bool can_move(struct handoff *handoff, const struct outlet *outlet) {
  if (outlet->socket || isatty(outlet->descriptor) || pipe2(handoff->between, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  fcntl(handoff->between[1], F_SETPIPE_SZ, MOVED_BYTES);
  return true;
}

size_t handoff_pass(struct handoff *handoff, const struct outlet *outlet, const uint8_t **bytes) {
  static uint8_t piece[PIECE_BYTES];
  ssize_t got;
  *bytes = piece;
  if (handoff->between[0] == handoff->between[1]) handoff->moves = can_move(handoff, outlet);
  if (handoff->moves && handoff->held == 0 && !move_in(handoff)) return 0;
  if (handoff->moves && (handoff->moves = move_out(handoff, outlet))) return 0;
  if (handoff->held > 0) {
    got = read(handoff->between[0], piece, sizeof piece);
    handoff->held -= got > 0 ? (size_t)got : handoff->held;
  } else {
    got = recv(handoff->socket, piece, sizeof piece, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) stop_reading(handoff);
  }
  return got > 0 ? (size_t)got : 0;
}

void handoff_close(struct handoff *handoff) {
  stop_reading(handoff);
  handoff->held = 0;
}
