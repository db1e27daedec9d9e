#include "bytes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_BROKEN 125

static void *or_die(void *found) {
  if (found != NULL) return found;
  static const char words[] = "turret: error: there is no memory left\n";
  if (write(2, words, sizeof words - 1) < 0) _exit(EXIT_BROKEN);
  _exit(EXIT_BROKEN);
}

void *memory(size_t count) { return or_die(malloc(count == 0 ? 1 : count)); }

char *memory_text(const char *text) { return or_die(strdup(text)); }

uint8_t *bytes_more(struct bytes *bytes, size_t count) {
  if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
  if (bytes->room - bytes->end < count && bytes->start > 0) {
    memmove(bytes->at, bytes->at + bytes->start, bytes_held(bytes));
    bytes->end -= bytes->start;
    bytes->start = 0;
  }
  if (bytes->room - bytes->end < count) {
    size_t room = bytes->room == 0 ? 512 : bytes->room;
    while (room - bytes->end < count) room *= 2;
    bytes->at = or_die(realloc(bytes->at, room));
    bytes->room = room;
  }
  return bytes->at + bytes->end;
}

void bytes_add(struct bytes *bytes, const void *from, size_t count) {
  if (count == 0) return;
  memcpy(bytes_more(bytes, count), from, count);
  bytes->end += count;
}

void bytes_add_text(struct bytes *bytes, const char *text) { bytes_add(bytes, text, strlen(text)); }

void bytes_take(struct bytes *bytes, size_t count) { bytes->start += count; }

void bytes_free(struct bytes *bytes) {
  free(bytes->at);
  *bytes = (struct bytes){0};
}

uint32_t read_u32(const uint8_t *from) {
  return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

void write_u32(uint8_t *to, uint32_t value) {
  for (int at = 3; at >= 0; at -= 1, value >>= 8) to[at] = (uint8_t)value;
}

void write_u64(uint8_t *to, uint64_t value) {
  for (int at = 7; at >= 0; at -= 1, value >>= 8) to[at] = (uint8_t)value;
}
