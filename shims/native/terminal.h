// What the caller's three streams are.
#ifndef TURRET_TERMINAL_H
#define TURRET_TERMINAL_H

#include "bytes.h"

struct window {
  uint16_t columns, rows;
};
/** Of the terminal we write to; false when there is none, or none with a size. */
bool window_size(struct window *window);
/** `,"tty":{…}` */
void terminal_add(struct bytes *to);

#endif
