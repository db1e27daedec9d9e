// Messages and hints may be texts of a repeater, of the owner of a bucket, of the agent itself. None of it may move a cursor or
// begin a line of its own: text_add_escaped.

#include "problem.h"

#include <stdio.h>
#include <string.h>

#include "system-errors.h"
#include "text.h"

#define LINE_UNITS_MAX 2000

enum { DEADLINE = 124, BROKEN = 125, DENIED = 126, CANCELLED = 130 };

/** SPEC.md, Errors. What is not here and local, such as broker_gone, exits with BROKEN. */
static const struct {
  const char *name;
  uint32_t code;
  int exit;
} NAMES[] = {
    {"protocol_error", 100, BROKEN},
    {"frame_too_large", 101, BROKEN},
    {"version_unsupported", 102, BROKEN},
    {"unauthenticated", 103, BROKEN},
    {"token_revoked", 104, BROKEN},
    {"token_expired", 105, BROKEN},
    {"replay", 106, BROKEN},
    {"flow_control", 107, BROKEN},
    {"too_many_streams", 108, BROKEN},
    {"draining", 109, BROKEN},
    {"denied", 200, DENIED},
    {"rate_limited", 203, DENIED},
    {"budget_exhausted", 204, DENIED},
    {"no_such_action", 300, DENIED},
    {"invalid_params", 301, DENIED},
    {"unresolvable", 302, DENIED},
    {"facts_needed", 303, BROKEN},
    {"repeater_unavailable", 400, BROKEN},
    {"repeater_crashed", 401, BROKEN},
    {"repeater_error", 402, BROKEN},
    {"deadline_exceeded", 403, DEADLINE},
    {"cancelled", 404, CANCELLED},
    {"output_limit", 405, BROKEN},
    {"no_credentials", 406, BROKEN},
    {"audit_unavailable", 407, DENIED},
    {"internal", 500, BROKEN},
};
#define NAMES_COUNT (sizeof NAMES / sizeof NAMES[0])

void problem_say(struct problem_text *text, const void *words, size_t count) {
  size_t room = sizeof text->bytes - text->count;
  size_t taken = count < room ? count : room;
  memcpy(text->bytes + text->count, words, taken);
  text->count += taken;
}

static void say(struct problem_text *text, const char *words) {
  if (words != NULL) problem_say(text, words, strlen(words));
}

static void begin(struct problem *problem, const char *name, const char *hint) {
  problem->name = name;
  problem->message.count = problem->hint.count = 0;
  problem->has_hint = hint != NULL;
  say(&problem->hint, hint);
}

bool fail(struct problem *problem, const char *name, const char *message, const char *hint) {
  begin(problem, name, hint);
  say(&problem->message, message);
  return false;
}

bool fail_about(struct problem *problem, const char *name, const char *parts[2], const char *quoted, const char *hint) {
  struct bytes json = {0};
  text_add_json(&json, quoted, strlen(quoted));
  fail(problem, name, parts[0], hint);
  problem_say(&problem->message, bytes_first(&json), bytes_held(&json));
  say(&problem->message, parts[1]);
  bytes_free(&json);
  return false;
}

bool fail_protocol(struct problem *problem, const char *message) { return fail(problem, "protocol_error", message, NULL); }

struct system_error system_error(int number) {
  for (size_t at = 0; at < sizeof SYSTEM_ERRORS / sizeof SYSTEM_ERRORS[0]; at += 1)
    if (SYSTEM_ERRORS[at].number == number) return SYSTEM_ERRORS[at].error;
  return (struct system_error){"EUNKNOWN", "unknown error"};
}

bool fail_system(struct problem *problem, int number, const char *what) {
  char words[256];
  struct system_error error = system_error(number);
  snprintf(words, sizeof words, "something broke: Error: %s: %s, %s", error.name, error.words, what);
  return fail(problem, "internal", words, NULL);
}

bool broker_gone(struct problem *problem, const char *why) {
  fail(problem, "broker_gone", "the broker of this session cannot be reached: ",
       "retrying will not help; start a new `turret run`");
  say(&problem->message, why == NULL ? "the session is over or its broker died" : why);
  return false;
}

const char *problem_name(const char *name, size_t count) {
  for (size_t at = 0; at < NAMES_COUNT; at += 1)
    if (strlen(NAMES[at].name) == count && memcmp(NAMES[at].name, name, count) == 0) return NAMES[at].name;
  return "internal";
}

const char *problem_name_of(uint32_t code) {
  for (size_t at = 0; at < NAMES_COUNT; at += 1)
    if (NAMES[at].code == code) return NAMES[at].name;
  return "internal";
}

bool problem_is(const struct problem *problem, const char *name) { return strcmp(problem->name, name) == 0; }

uint32_t problem_code(const struct problem *problem) {
  uint32_t code = 0;
  for (size_t at = 0; at < NAMES_COUNT; at += 1)
    if (problem_is(problem, NAMES[at].name)) code = NAMES[at].code;
  return code;
}

int problem_exit(const struct problem *problem) {
  for (size_t at = 0; at < NAMES_COUNT; at += 1)
    if (problem_is(problem, NAMES[at].name)) return NAMES[at].exit;
  return BROKEN;
}

static void add_line(struct bytes *to, const char *before, const struct problem_text *text) {
  struct bytes line = {0};
  bytes_add_text(&line, before);
  text_add_escaped(&line, text->bytes, text->count);
  text_clip(&line, LINE_UNITS_MAX);
  bytes_add_text(to, "turret: ");
  bytes_add(to, bytes_first(&line), bytes_held(&line));
  bytes_add_text(to, "\n");
  bytes_free(&line);
}

void problem_lines(const struct problem *problem, struct bytes *to) {
  add_line(to, problem_is(problem, "denied") ? "" : "error: ", &problem->message);
  if (problem->has_hint) add_line(to, "hint: ", &problem->hint);
}
