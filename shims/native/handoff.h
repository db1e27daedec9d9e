// Standard output that does not come in frames: a socket in the session's directory, of a process beside the repeater's program.
#ifndef TURRET_HANDOFF_H
#define TURRET_HANDOFF_H

#include "json.h"
#include "outlet.h"

struct handoff {
  /** Where such sockets lie; NULL when none can be taken. */
  const char *directory;
  /** -1 when there is none, or no longer. */
  int socket;
  /** Output comes there and no other way. */
  bool taken;
  /** The kernel moves it from the socket to where it goes, through a pipe of ours; `held` bytes are in that. */
  bool moves;
  int between[2];
  size_t held;
};

/** Connects to what a STATUS names, and shows its ticket. protocol_error, or broker_gone when nobody listens. */
bool handoff_take(struct handoff *handoff, const struct json *status, struct problem *problem);
/**
 * Passes on what is there now. What the kernel cannot move comes back as bytes to be written, 0 for none. At the end, and when it
 * breaks, the socket is closed.
 */
size_t handoff_pass(struct handoff *handoff, const struct outlet *outlet, const uint8_t **bytes);
/** Nothing more comes of it. */
static inline bool handoff_over(const struct handoff *handoff) { return handoff->socket < 0 && handoff->held == 0; }
/** Nobody here takes more. */
void handoff_close(struct handoff *handoff);

#endif
