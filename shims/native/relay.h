// One call from its request to its end, with the standard streams of this process.
#ifndef TURRET_RELAY_H
#define TURRET_RELAY_H

#include "call.h"

struct relay {
  struct connection *connection;
  struct outlet outlets[2];
  /** See signals_begin. */
  int signals;
  /** Of the first ^C; 0 for none. */
  double interrupted_ms;
  struct window_seen {
    uint16_t columns, rows;
  } window;
};

/** Returns when the call is over and every byte of output is with the kernel, or nobody takes it: call->end, in_trouble and problem say how. */
void relay_call(struct relay *relay, struct call *call);
/** Writes these last words to standard error, while somebody takes them. */
void relay_explain(struct relay *relay, const struct bytes *words);

#endif
