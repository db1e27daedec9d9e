// Standard output and error, byte for byte, one write after the other, and never in the way of a signal.
#ifndef TURRET_OUTLET_H
#define TURRET_OUTLET_H

#include "bytes.h"

struct outlet {
  int descriptor;
  bool socket;
  /** What its reader does not take yet; never more than a window. */
  struct bytes waiting;
  /** Of the write that failed for good; 0 for none. Everything after it is thrown away. */
  int error;
};

/**
 * False when only a thread could write to it without being held up: a pipe or terminal of another user, or a sandbox without /proc.
 * The Node shim has threads. It can be used all the same.
 */
bool outlet_open(struct outlet *outlet, int descriptor);
/** Writes what can be written and keeps the rest. Returns how many of the bytes kept so far and now are with the kernel, or thrown away. */
size_t outlet_write(struct outlet *outlet, const uint8_t *bytes, size_t count);
static inline bool outlet_waits(const struct outlet *outlet) { return bytes_held(&outlet->waiting) > 0; }

#endif
