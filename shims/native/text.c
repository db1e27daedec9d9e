#include "text.h"

#include <stdio.h>
#include <string.h>

#include "foreign-characters.h"

size_t text_character(const uint8_t *from, size_t count, uint32_t *character, bool *valid) {
  uint8_t first = from[0];
  *valid = true;
  if (first < 0x80) {
    *character = first;
    return 1;
  }
  size_t length = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  // The second byte is where overlong forms, surrogates and what is past U+10FFFF show.
  uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  uint32_t value = length == 2 ? first & 0x1fu : length == 3 ? first & 0x0fu : first & 0x07u;
  size_t at = 1;
  for (; at < length && at < count; at += 1, least = 0x80, most = 0xbf) {
    if (from[at] < least || from[at] > most) break;
    value = value << 6 | (from[at] & 0x3fu);
  }
  if (length != 0 && at == length) {
    *character = value;
    return length;
  }
  *valid = false;
  *character = REPLACEMENT;
  return at;
}

bool text_is_utf8(const uint8_t *from, size_t count) {
  uint32_t character;
  bool valid = true;
  for (size_t at = 0; at < count && valid;) at += text_character(from + at, count - at, &character, &valid);
  return valid;
}

void text_add_character(struct bytes *to, uint32_t character) {
  uint8_t utf8[4];
  size_t count = 0;
  if (character < 0x80) {
    utf8[count++] = (uint8_t)character;
  } else if (character < 0x800) {
    utf8[count++] = (uint8_t)(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    utf8[count++] = (uint8_t)(0xe0 | character >> 12);
    utf8[count++] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
  } else {
    utf8[count++] = (uint8_t)(0xf0 | character >> 18);
    utf8[count++] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
    utf8[count++] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
  }
  if (character >= 0x80) utf8[count++] = (uint8_t)(0x80 | (character & 0x3f));
  bytes_add(to, utf8, count);
}

void text_add_json(struct bytes *to, const char *from, size_t count) {
  const uint8_t *text = (const uint8_t *)from;
  bytes_add(to, "\"", 1);
  for (size_t at = 0; at < count;) {
    uint32_t character;
    bool valid;
    at += text_character(text + at, count - at, &character, &valid);
    if (character < 0x20 || character == '"' || character == '\\') {
      static const char PLAIN[] = "\b\t\n\f\r\"\\", SHORT[] = "btnfr\"\\";
      const char *found = memchr(PLAIN, (int)character, sizeof PLAIN - 1);
      char escape[8];
      if (found != NULL) snprintf(escape, sizeof escape, "\\%c", SHORT[found - PLAIN]);
      else snprintf(escape, sizeof escape, "\\u%04x", character & 0x1fu);
      bytes_add_text(to, escape);
    } else {
      text_add_character(to, character);
    }
  }
  bytes_add(to, "\"", 1);
}

int text_compare(const char *left, const char *right) {
  const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;
  while (*a != 0 && *a == *b) a += 1, b += 1;
  // Four bytes of UTF-8 are two surrogates, which come before U+E000 to U+FFFF (first byte EE or EF).
  bool far = *a >= 0xee && *b >= 0xee && (*a >= 0xf0) != (*b >= 0xf0);
  int order = *a < *b ? -1 : *a > *b;
  return far ? -order : order;
}

static bool is_foreign(uint32_t character) {
  size_t low = 0, high = sizeof FOREIGN / sizeof FOREIGN[0];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (character > FOREIGN[middle].last) low = middle + 1;
    else high = middle;
  }
  return low < sizeof FOREIGN / sizeof FOREIGN[0] && character >= FOREIGN[low].first;
}

void text_add_escaped(struct bytes *to, const uint8_t *from, size_t count) {
  for (size_t at = 0; at < count;) {
    uint32_t character;
    bool valid;
    at += text_character(from + at, count - at, &character, &valid);
    // A typed `\u{` gets its backslash escaped, so that no two texts look alike.
    bool typed = character == '\\' && count - at >= 2 && from[at] == 'u' && from[at + 1] == '{';
    if (typed || is_foreign(character)) {
      char escape[16];
      snprintf(escape, sizeof escape, "\\u{%x}", character);
      bytes_add_text(to, escape);
    } else {
      text_add_character(to, character);
    }
  }
}

void text_clip(struct bytes *text, size_t units) {
  size_t total = 0, keep = 0, kept_units = 0;
  for (size_t at = text->start; at < text->end;) {
    uint32_t character;
    bool valid;
    at += text_character(text->at + at, text->end - at, &character, &valid);
    total += character > 0xffff ? 2 : 1;
    if (total <= units - 1) {
      keep = at - text->start;
      kept_units = total;
    }
  }
  if (total <= units) return;
  text->end = text->start + keep;
  // JavaScript cuts a pair of surrogates in two, and half a pair is written as U+FFFD.
  if (kept_units < units - 1) text_add_character(text, REPLACEMENT);
  text_add_character(text, 0x2026);
}
