// UTF-8 as a browser reads it, and texts as JSON and a terminal are to see them.
#ifndef TURRET_TEXT_H
#define TURRET_TEXT_H

#include "bytes.h"

#define REPLACEMENT 0xfffdu

/**
 * The character at `from`, of which `count` > 0 bytes are there. Returns how many it takes. What is no UTF-8 is one U+FFFD for each longest
 * beginning of a character, as the Encoding standard and Node have it; `*valid` is then false.
 */
size_t text_character(const uint8_t *from, size_t count, uint32_t *character, bool *valid);
bool text_is_utf8(const uint8_t *from, size_t count);
/** UTF-8 of one character. */
void text_add_character(struct bytes *to, uint32_t character);
/** A JSON string as JSON.stringify writes it, quotes and all. */
void text_add_json(struct bytes *to, const char *from, size_t count);
/** Order of JavaScript's `<`: by UTF-16 units. Both valid UTF-8. */
int text_compare(const char *left, const char *right);
/** src/audit/escape.ts, escapeForeign: nothing in the result moves a cursor or begins a line. */
void text_add_escaped(struct bytes *to, const uint8_t *from, size_t count);
/** Cut after `units` of UTF-16, an ellipsis as the last of them. */
void text_clip(struct bytes *text, size_t units);

#endif
