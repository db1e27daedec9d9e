// Bytes that wait to be sent or written: appended at the end, taken from the front.
#ifndef TURRET_BYTES_H
#define TURRET_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
  uint8_t *at;
  size_t start, end, room;
};

static inline size_t bytes_held(const struct bytes *bytes) { return bytes->end - bytes->start; }
static inline uint8_t *bytes_first(struct bytes *bytes) { return bytes->at + bytes->start; }

/** Room for `count` more at the end. Ends the process when there is no memory: nothing was promised yet that it could break. */
uint8_t *bytes_more(struct bytes *bytes, size_t count);
void bytes_add(struct bytes *bytes, const void *from, size_t count);
void bytes_add_text(struct bytes *bytes, const char *text);
void bytes_take(struct bytes *bytes, size_t count);
void bytes_free(struct bytes *bytes);

uint32_t read_u32(const uint8_t *from);
void write_u32(uint8_t *to, uint32_t value);
void write_u64(uint8_t *to, uint64_t value);

/** malloc that ends the process instead of returning NULL. */
void *memory(size_t count);
char *memory_text(const char *text);

#endif
