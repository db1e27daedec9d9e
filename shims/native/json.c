// The broker wrote this, and before its proof anybody may be the broker. Memory is bounded by the payload, the stack by JSON_DEPTH_MAX.

#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "text.h"

#define SAFE_INTEGER_MAX 9007199254740991.0

struct reader {
  struct json *json;
  /** A copy with a NUL behind it. */
  char *at;
  char *texts;
  int depth;
  /** Syntax comes before all else, so the first of these is kept until the end is reached. */
  const char *forgiven;
  const char *broken;
};

static bool read_value(struct reader *reader, struct json_text key, uint32_t *made);

static bool broken(struct reader *reader, const char *why) {
  if (reader->broken == NULL) reader->broken = why;
  return false;
}

static void forgive(struct reader *reader, const char *why) {
  if (reader->forgiven == NULL) reader->forgiven = why;
}

static void skip_space(struct reader *reader) {
  while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r') reader->at += 1;
}

static bool read_hex(struct reader *reader, uint32_t *unit) {
  *unit = 0;
  for (int digit = 0; digit < 4; digit += 1, reader->at += 1) {
    char c = *reader->at;
    int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (value < 0) return broken(reader, "syntax");
    *unit = *unit << 4 | (uint32_t)value;
  }
  return true;
}

static void put_character(struct reader *reader, uint32_t character) {
  struct bytes one = {.at = (uint8_t *)reader->texts, .room = 4};
  text_add_character(&one, character);
  reader->texts += one.end;
}

// Behind `\u`. An escape is never shorter than what it stands for, so the texts fit where the payload did.
static bool read_unicode(struct reader *reader) {
  uint32_t unit, low;
  if (!read_hex(reader, &unit)) return false;
  if (unit >= 0xd800 && unit <= 0xdbff && reader->at[0] == '\\' && reader->at[1] == 'u') {
    char *before = reader->at;
    reader->at += 2;
    if (!read_hex(reader, &low)) return false;
    if (low >= 0xdc00 && low <= 0xdfff) {
      put_character(reader, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      return true;
    }
    reader->at = before;
  }
  if (unit >= 0xd800 && unit <= 0xdfff) {
    forgive(reader, "control payload holds a lone surrogate");
    unit = REPLACEMENT;
  }
  put_character(reader, unit);
  return true;
}

static bool read_string(struct reader *reader, struct json_text *text) {
  if (*reader->at != '"') return broken(reader, "syntax");
  reader->at += 1;
  text->at = reader->texts;
  while (*reader->at != '"') {
    char c = *reader->at;
    if ((unsigned char)c < 0x20) return broken(reader, "syntax"); // the NUL at the end among them
    reader->at += 1;
    if (c != '\\') {
      *reader->texts++ = c;
      continue;
    }
    c = *reader->at;
    static const char SHORT[] = "btnfr\"\\/", PLAIN[] = "\b\t\n\f\r\"\\/";
    const char *found = c == 0 ? NULL : strchr(SHORT, c);
    if (c != 'u' && found == NULL) return broken(reader, "syntax");
    reader->at += 1;
    if (found != NULL) *reader->texts++ = PLAIN[found - SHORT];
    else if (!read_unicode(reader)) return false;
  }
  reader->at += 1;
  text->count = (size_t)(reader->texts - text->at);
  *reader->texts++ = 0; // where a quote was
  return true;
}

static bool digits(struct reader *reader) {
  char *before = reader->at;
  while (*reader->at >= '0' && *reader->at <= '9') reader->at += 1;
  return reader->at > before || broken(reader, "syntax");
}

static bool read_number(struct reader *reader, double *number) {
  char *before = reader->at;
  bool whole = true;
  if (*reader->at == '-') reader->at += 1;
  if (*reader->at == '0') reader->at += 1;
  else if (!digits(reader)) return false;
  if (*reader->at == '.') {
    whole = false;
    reader->at += 1;
    if (!digits(reader)) return false;
  }
  if (*reader->at == 'e' || *reader->at == 'E') {
    whole = false;
    reader->at += 1;
    if (*reader->at == '+' || *reader->at == '-') reader->at += 1;
    if (!digits(reader)) return false;
  }
  // strtod knows more spellings than JSON: it is shown what was checked and no more.
  char behind = *reader->at;
  *reader->at = 0;
  *number = strtod(before, NULL);
  *reader->at = behind;
  bool fits = whole ? fabs(*number) <= SAFE_INTEGER_MAX : isfinite(*number) != 0;
  if (!fits) forgive(reader, "control payload has a number beyond 2^53");
  return true;
}

static int compare_keys(const void *left, const void *right) {
  const struct json_text *a = *(const struct json_text *const *)left, *b = *(const struct json_text *const *)right;
  int order = memcmp(a->at, b->at, a->count < b->count ? a->count : b->count);
  return order != 0 ? order : (a->count > b->count) - (a->count < b->count);
}

static void check_keys(struct reader *reader, uint32_t object) {
  struct json *json = reader->json;
  uint32_t count = json->values[object].count, taken = 0;
  if (count == 0) return;
  const struct json_text **keys = memory(count * sizeof *keys);
  for (uint32_t at = json->values[object].first; at != 0; at = json->values[at].next) keys[taken++] = &json->values[at].key;
  qsort(keys, count, sizeof *keys, compare_keys);
  for (uint32_t at = 0; at < count; at += 1) {
    if (at > 0 && compare_keys(&keys[at - 1], &keys[at]) == 0) forgive(reader, "control payload has a key twice");
    if (json_is(keys[at], "__proto__") || json_is(keys[at], "constructor") || json_is(keys[at], "prototype"))
      forgive(reader, "control payload has a forbidden key");
  }
  free(keys);
}

static uint32_t make(struct reader *reader, enum json_type type, struct json_text key) {
  struct json *json = reader->json;
  if (json->count == json->room) {
    json->room = json->room == 0 ? 32 : 2 * json->room;
    struct json_value *values = memory(json->room * sizeof *values);
    if (json->count > 0) memcpy(values, json->values, json->count * sizeof *values);
    free(json->values);
    json->values = values;
  }
  json->values[json->count] = (struct json_value){.type = type, .key = key};
  return (uint32_t)json->count++;
}

static bool read_members(struct reader *reader, uint32_t owner, bool named) {
  char close = named ? '}' : ']';
  if (++reader->depth > JSON_DEPTH_MAX) return broken(reader, "control payload is nested too deeply");
  reader->at += 1;
  skip_space(reader);
  uint32_t last = 0, made;
  bool empty = *reader->at == close;
  for (bool more = !empty; more;) {
    struct json_text key = {0};
    skip_space(reader);
    if (named) {
      if (!read_string(reader, &key)) return false;
      skip_space(reader);
      if (*reader->at != ':') return broken(reader, "syntax");
      reader->at += 1;
    }
    if (!read_value(reader, key, &made)) return false;
    if (last == 0) reader->json->values[owner].first = made;
    else reader->json->values[last].next = made;
    last = made;
    reader->json->values[owner].count += 1;
    skip_space(reader);
    more = *reader->at == ',';
    if (more) reader->at += 1;
  }
  if (*reader->at != close) return broken(reader, "syntax");
  reader->at += 1;
  reader->depth -= 1;
  if (named) check_keys(reader, owner);
  return true;
}

static bool read_word(struct reader *reader, const char *word) {
  size_t count = strlen(word);
  if (strncmp(reader->at, word, count) != 0) return broken(reader, "syntax");
  reader->at += count;
  return true;
}

static bool read_value(struct reader *reader, struct json_text key, uint32_t *made) {
  skip_space(reader);
  char c = *reader->at;
  enum json_type type = c == '{'   ? JSON_OBJECT
                        : c == '[' ? JSON_ARRAY
                        : c == '"' ? JSON_STRING
                        : c == 't' ? JSON_TRUE
                        : c == 'f' ? JSON_FALSE
                        : c == 'n' ? JSON_NULL
                                   : JSON_NUMBER;
  *made = make(reader, type, key);
  struct json_text text = {0};
  double number = 0;
  bool ok = type == JSON_OBJECT || type == JSON_ARRAY ? read_members(reader, *made, type == JSON_OBJECT)
            : type == JSON_STRING                     ? read_string(reader, &text)
            : type == JSON_NUMBER                     ? read_number(reader, &number)
                                  : read_word(reader, type == JSON_TRUE ? "true" : type == JSON_FALSE ? "false" : "null");
  reader->json->values[*made].text = text;
  reader->json->values[*made].number = number;
  return ok;
}

bool json_read(struct json *json, const uint8_t *bytes, size_t count, struct problem *problem) {
  static const char NO_JSON[] = "control payload is not JSON in UTF-8";
  *json = (struct json){0};
  if (memchr(bytes, 0, count) != NULL || !text_is_utf8(bytes, count)) return fail_protocol(problem, NO_JSON);
  char *copy = memory(count + 1);
  memcpy(copy, bytes, count);
  copy[count] = 0;
  json->texts = memory(count + 4);
  struct reader reader = {.json = json, .at = copy, .texts = json->texts};
  uint32_t made;
  bool ok = read_value(&reader, (struct json_text){0}, &made);
  if (ok) skip_space(&reader);
  if (ok && reader.at != copy + count) ok = broken(&reader, "syntax");
  free(copy);
  if (!ok) return fail_protocol(problem, strcmp(reader.broken, "syntax") == 0 ? NO_JSON : reader.broken);
  return reader.forgiven == NULL || fail_protocol(problem, reader.forgiven);
}

bool json_read_control(struct json *json, const uint8_t *bytes, size_t count, struct problem *problem) {
  if (!json_read(json, bytes, count, problem)) return false;
  return json->values[0].type == JSON_OBJECT || fail_protocol(problem, "control payload is not an object");
}

void json_free(struct json *json) {
  free(json->values);
  free(json->texts);
  *json = (struct json){0};
}

const struct json_value *json_first(const struct json *json, const struct json_value *list) {
  return list == NULL || list->first == 0 ? NULL : &json->values[list->first];
}

const struct json_value *json_next(const struct json *json, const struct json_value *value) {
  return value->next == 0 ? NULL : &json->values[value->next];
}

bool json_is(const struct json_text *text, const char *words) {
  return text != NULL && text->count == strlen(words) && memcmp(text->at, words, text->count) == 0;
}

const struct json_value *json_member(const struct json *json, const struct json_value *object, const char *name) {
  if (object == NULL || object->type != JSON_OBJECT) return NULL;
  for (const struct json_value *at = json_first(json, object); at != NULL; at = json_next(json, at))
    if (json_is(&at->key, name)) return at;
  return NULL;
}

const struct json_text *json_text_of(const struct json *json, const struct json_value *object, const char *name) {
  const struct json_value *found = json_member(json, object, name);
  return found != NULL && found->type == JSON_STRING ? &found->text : NULL;
}
