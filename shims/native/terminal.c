#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool window_size(struct window *window) {
  struct winsize size = {0};
  int terminal = isatty(1) == 1 ? 1 : isatty(2) == 1 ? 2 : -1;
  if (terminal < 0 || ioctl(terminal, TIOCGWINSZ, &size) != 0) return false;
  *window = (struct window){.columns = size.ws_col, .rows = size.ws_row};
  return size.ws_col > 0 && size.ws_row > 0;
}

static const char *yes_or_no(bool value) { return value ? "true" : "false"; }

void terminal_add(struct bytes *to) {
  struct window window;
  if (!window_size(&window)) window = (struct window){.columns = 80, .rows = 24};
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  bool in = isatty(0) == 1, out = isatty(1) == 1;
  bool color = out && (no_color == NULL || *no_color == 0) && (term == NULL || strcmp(term, "dumb") != 0);
  char words[160];
  snprintf(words, sizeof words, ",\"tty\":{\"stdin\":%s,\"stdout\":%s,\"stderr\":%s,\"cols\":%u,\"rows\":%u,\"color\":%s}",
           yes_or_no(in), yes_or_no(out), yes_or_no(isatty(2) == 1), window.columns, window.rows, yes_or_no(color));
  bytes_add_text(to, words);
}
