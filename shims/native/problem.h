// What went wrong, in the words that whoever typed the command reads.
#ifndef TURRET_PROBLEM_H
#define TURRET_PROBLEM_H

#include "bytes.h"

/** Longer than what is ever shown of one (LINE_UNITS_MAX): the rest of a broker's text is not kept. */
#define PROBLEM_TEXT_BYTES 8200

struct problem_text {
  size_t count;
  uint8_t bytes[PROBLEM_TEXT_BYTES];
};
struct problem {
  /** As in src/errors.ts; one of a fixed list, never a text of others. */
  const char *name;
  struct problem_text message;
  struct problem_text hint;
  bool has_hint;
};

/** Each returns false, so that it can be what a function that failed returns. `hint` may be NULL. */
bool fail(struct problem *problem, const char *name, const char *message, const char *hint);
/** `before "quoted" after`: `quoted` as a JSON string, which was chosen by others. */
bool fail_about(struct problem *problem, const char *name, const char *parts[2], const char *quoted, const char *hint);
bool fail_protocol(struct problem *problem, const char *message);
/** What Node says of a system call that failed. `what` is its name. */
bool fail_system(struct problem *problem, int number, const char *what);
/** Node's name of an errno, and its words. */
struct system_error {
  const char *name, *words;
};
struct system_error system_error(int number);
bool broker_gone(struct problem *problem, const char *why);
void problem_say(struct problem_text *text, const void *words, size_t count);

/** The name as this program knows it; "internal" for one that is on no list: those are not ours to act on. */
const char *problem_name(const char *name, size_t count);
/** Of a code of RESET. */
const char *problem_name_of(uint32_t code);
uint32_t problem_code(const struct problem *problem);
bool problem_is(const struct problem *problem, const char *name);
/** 126 refused, 124 too late, 130 cancelled, 125 anything that is Turret's own trouble. */
int problem_exit(const struct problem *problem);
/** One or two lines: what, then what to do instead. */
void problem_lines(const struct problem *problem, struct bytes *to);

#endif
