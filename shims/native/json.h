// Control payloads: I-JSON (RFC 7493) within the bounds of SPEC.md, read strictly. Two readers who read one signed text differently are
// worse than a lost connection.
#ifndef TURRET_JSON_H
#define TURRET_JSON_H

#include "bytes.h"
#include "problem.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/** UTF-8 with a NUL behind it; there may be others in it. */
struct json_text {
  const char *at;
  size_t count;
};
struct json_value {
  enum json_type type;
  /** Index of the first value in it, and of the one beside it; 0 for none. */
  uint32_t first, next;
  uint32_t count;
  /** Its name, when it is in an object. */
  struct json_text key;
  struct json_text text;
  double number;
};
struct json {
  struct json_value *values;
  size_t count, room;
  /** All texts, decoded. */
  char *texts;
};

/** values[0] is what `bytes` are. Says why not in `problem`: protocol_error. To be freed in either case. */
bool json_read(struct json *json, const uint8_t *bytes, size_t count, struct problem *problem);
/** The same for what has to be an object. */
bool json_read_control(struct json *json, const uint8_t *bytes, size_t count, struct problem *problem);
void json_free(struct json *json);

/** NULL when there is none; of no type when `object` is none. */
const struct json_value *json_member(const struct json *json, const struct json_value *object, const char *name);
/** The same when it is a text. */
const struct json_text *json_text_of(const struct json *json, const struct json_value *object, const char *name);
const struct json_value *json_first(const struct json *json, const struct json_value *list);
const struct json_value *json_next(const struct json *json, const struct json_value *value);
bool json_is(const struct json_text *text, const char *words);

#endif
