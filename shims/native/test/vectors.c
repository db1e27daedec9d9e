// Runs the parts of the shim over what test/unit/shim gives it, one question on a line, its words in hex; one line of answer each.
// Never shipped.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "text.h"

#define WORDS_MAX 16
#define PIECE_DEFAULT 65536

static struct bytes words[WORDS_MAX];

static void hex_of(const void *from, size_t count) {
  for (size_t at = 0; at < count; at += 1) printf("%02x", ((const uint8_t *)from)[at]);
}

static void refused(const struct problem *problem) {
  printf("no %s ", problem->name);
  hex_of(problem->message.bytes, problem->message.count);
}

static const uint8_t *word(size_t at) { return words[at].at + words[at].start; }
static size_t size(size_t at) { return bytes_held(&words[at]); }
static const char *text(size_t at) { return (const char *)word(at); }
static long number(size_t at) { return strtol(text(at), NULL, 10); }

// --- JSON ------------------------------------------------------------------------------------------------------------------------

static void print_value(const struct json *json, const struct json_value *value) {
  struct bytes out = {0};
  const char *const plain[] = {"null", "false", "true"};
  if (value->type <= JSON_TRUE) bytes_add_text(&out, plain[value->type]);
  else if (value->type == JSON_STRING) text_add_json(&out, value->text.at, value->text.count);
  if (bytes_held(&out) > 0) fwrite(out.at, 1, bytes_held(&out), stdout);
  bytes_free(&out);
  if (value->type == JSON_NUMBER) printf("%.17g", value->number);
  if (value->type < JSON_ARRAY) return;
  putchar(value->type == JSON_ARRAY ? '[' : '{');
  for (const struct json_value *at = json_first(json, value); at != NULL; at = json_next(json, at)) {
    if (at != json_first(json, value)) putchar(',');
    if (value->type == JSON_OBJECT) {
      text_add_json(&out, at->key.at, at->key.count);
      fwrite(out.at, 1, bytes_held(&out), stdout);
      bytes_free(&out);
      putchar(':');
    }
    print_value(json, at);
  }
  putchar(value->type == JSON_ARRAY ? ']' : '}');
}

static void answer_json(bool (*read)(struct json *, const uint8_t *, size_t, struct problem *)) {
  struct json json;
  struct problem problem;
  if (read(&json, word(1), size(1), &problem)) {
    printf("ok ");
    print_value(&json, &json.values[0]);
  } else {
    refused(&problem);
  }
  json_free(&json);
}

static void ask_json(void) { answer_json(json_read); }

static void ask_control(void) { answer_json(json_read_control); }

// --- frames ----------------------------------------------------------------------------------------------------------------------

// frames AUTHENTICATED PREFACE PIECE BYTES
static void ask_frames(void) {
  struct frame_reader reader = {.authenticated = number(1) == 1, .preface_taken = number(2) == 1 ? 0 : PREFACE_BYTES};
  struct problem problem;
  struct frame frame;
  enum frame_outcome outcome = FRAME_MORE;
  size_t piece = (size_t)number(3);
  for (size_t at = 0; at < size(4) && outcome != FRAME_REFUSED;) {
    size_t room, count = size(4) - at < piece ? size(4) - at : piece;
    uint8_t *to = frame_reader_room(&reader, &room);
    if (count > room) count = room;
    memcpy(to, word(4) + at, count);
    frame_reader_filled(&reader, count);
    at += count;
    while ((outcome = frame_reader_next(&reader, &frame, &problem)) == FRAME_READ) {
      struct bytes again = {0};
      frame_add(&again, &frame);
      printf("%u %u %u %u ", frame.type, frame.flags, frame.channel, frame.stream);
      hex_of(again.at, bytes_held(&again));
      putchar(';');
      bytes_free(&again);
    }
  }
  if (outcome == FRAME_REFUSED) refused(&problem);
  frame_reader_free(&reader);
}

static void ask_credit(void) {
  uint32_t credit = WINDOW_BYTES;
  struct problem problem;
  for (size_t at = 1; at < WORDS_MAX && size(at) > 0; at += 1) {
    struct frame frame = {.payload = word(at), .length = (uint32_t)size(at)};
    if (!credit_add(&credit, &frame, &problem)) return refused(&problem);
  }
  printf("ok %u", credit);
}

/** A pipe that nobody reads and that takes no more. */
static int full_pipe(void) {
  int ends[2];
  static uint8_t filling[PIECE_DEFAULT];
  if (pipe2(ends, O_NONBLOCK) != 0) abort();
  while (write(ends[1], filling, sizeof filling) > 0) continue;
  return ends[1];
}

// spent SIZE…: frames of stdout while its reader stands still
static void ask_spent(void) {
  static struct connection connection = {.stream = 1};
  static struct call call;
  static uint8_t payload[DATA_BYTES_MAX];
  struct outlet outlets[2] = {{.descriptor = full_pipe()}, {.descriptor = -1}};
  call_begin(&call, &connection, outlets, "/", NULL);
  bool ok = true;
  for (size_t at = 1; at < WORDS_MAX && size(at) > 0 && ok; at += 1) {
    struct frame frame = {.type = FRAME_DATA, .channel = CHANNEL_STDOUT, .stream = 1, .payload = payload, .length = (uint32_t)number(at)};
    ok = call_frame(&call, &frame);
  }
  if (ok) printf("ok %zu", bytes_held(&outlets[0].waiting));
  else refused(&call.problem);
  bytes_free(&outlets[0].waiting);
}

// --- proofs ----------------------------------------------------------------------------------------------------------------------

static void ask_token(void) {
  struct token token;
  struct problem problem;
  if (!token_read(&token, text(1), size(1), &problem)) return refused(&problem);
  printf("ok %u ", token.kind);
  hex_of(token.seed, SEED_BYTES);
  putchar(' ');
  hex_of(token.sid, SID_BYTES);
}

static void ask_key(void) {
  struct signing_key key;
  uint8_t id[SID_BYTES];
  signing_key_from(&key, word(1));
  key_id(id, key.public);
  hex_of(key.public, KEY_BYTES);
  putchar(' ');
  hex_of(id, SID_BYTES);
}

static void ask_transcript(void) {
  uint8_t hash[HASH_BYTES];
  transcript_of(hash, &words[1], word(2), size(2));
  hex_of(hash, HASH_BYTES);
}

static void ask_auth(void) {
  struct signing_key key;
  uint8_t signature[SIGNATURE_BYTES];
  signing_key_from(&key, word(1));
  sign_auth(signature, &key, word(2));
  hex_of(signature, SIGNATURE_BYTES);
}

// call SEED TRANSCRIPT STREAM COUNTER JSON
static void ask_call(void) {
  struct signing_key key;
  uint8_t signature[SIGNATURE_BYTES];
  signing_key_from(&key, word(1));
  sign_call(signature, &key, word(2), (uint32_t)number(3), strtoull(text(4), NULL, 10), word(5), size(5));
  hex_of(signature, SIGNATURE_BYTES);
}

static void ask_base64(void) {
  uint8_t bytes[SIGNATURE_BYTES];
  struct problem problem;
  const struct json_text from = {text(2), size(2)};
  if (!from_base64url(bytes, (size_t)number(1), "sig", &from, &problem)) return refused(&problem);
  printf("ok ");
  hex_of(bytes, (size_t)number(1));
}

// --- files -----------------------------------------------------------------------------------------------------------------------

static bool on_begin(void *context, const struct file_header *header, struct problem *problem) {
  (void)context;
  struct bytes again = {0};
  if (!file_header_add(&again, header, problem)) return false;
  hex_of(again.at, bytes_held(&again));
  putchar(' ');
  bytes_free(&again);
  return true;
}

static bool on_content(void *context, const uint8_t *bytes, size_t count, struct problem *problem) {
  (void)context;
  (void)problem;
  hex_of(bytes, count);
  return true;
}

static bool on_end(void *context, struct problem *problem) {
  (void)context;
  (void)problem;
  putchar(';');
  return true;
}

// files PIECE BYTES
static void ask_files(void) {
  static struct file_reader reader;
  struct problem problem;
  memset(&reader, 0, sizeof reader);
  const struct file_sink sink = {.begin = on_begin, .content = on_content, .end = on_end};
  size_t piece = (size_t)number(1);
  bool ok = true;
  for (size_t at = 0; at < size(2) && ok; at += piece)
    ok = file_reader_push(&reader, word(2) + at, size(2) - at < piece ? size(2) - at : piece, &sink, &problem);
  if (!ok || !file_reader_finish(&reader, &problem)) refused(&problem);
}

// --- words -----------------------------------------------------------------------------------------------------------------------

static void ask_refusal(void) {
  struct json json;
  struct problem problem;
  struct bytes lines = {0};
  if (json_read_control(&json, word(1), size(1), &problem)) problem_from_wire(&problem, &json, &json.values[0]);
  problem_lines(&problem, &lines);
  printf("%d ", problem_exit(&problem));
  hex_of(lines.at, bytes_held(&lines));
  bytes_free(&lines);
  json_free(&json);
}

static void ask_system(void) {
  struct problem problem;
  fail_system(&problem, (int)number(1), "write");
  refused(&problem);
}

static void ask_string(void) {
  struct bytes out = {0};
  text_add_json(&out, text(1), size(1));
  hex_of(out.at, bytes_held(&out));
  bytes_free(&out);
}

static void ask_escaped(void) {
  struct bytes out = {0};
  text_add_escaped(&out, word(1), size(1));
  hex_of(out.at, bytes_held(&out));
  bytes_free(&out);
}

static void ask_order(void) {
  int order = text_compare(text(1), text(2));
  printf("%d", (order > 0) - (order < 0));
}

static void ask_welcome(void) { printf("%s", verify_welcome(word(3), word(1), word(2)) ? "true" : "false"); }

static const struct {
  const char *name;
  void (*ask)(void);
} QUESTIONS[] = {
    {"json", ask_json},     {"frames", ask_frames},   {"credit", ask_credit},   {"spent", ask_spent}, {"token", ask_token},
    {"key", ask_key},       {"auth", ask_auth},       {"welcome", ask_welcome}, {"call", ask_call},   {"transcript", ask_transcript},
    {"base64", ask_base64}, {"files", ask_files},     {"refusal", ask_refusal}, {"order", ask_order}, {"string", ask_string},
    {"escaped", ask_escaped}, {"control", ask_control},   {"system", ask_system},
};

static uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

static void read_words(char *line) {
  for (size_t at = 0; at < WORDS_MAX; at += 1) {
    bytes_free(&words[at]);
    const char *hex = strsep(&line, " ");
    for (; hex != NULL && hex[0] != 0 && hex[1] != 0; hex += 2) {
      uint8_t byte = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
      bytes_add(&words[at], &byte, 1);
    }
    bytes_add(&words[at], "", 1);
    words[at].end -= 1;
  }
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  if (!crypto_begin()) return 1;
  for (ssize_t count; (count = getline(&line, &room, stdin)) > 0;) {
    line[count - 1] = 0;
    read_words(line);
    for (size_t at = 0; at < sizeof QUESTIONS / sizeof QUESTIONS[0]; at += 1)
      if (strcmp(QUESTIONS[at].name, text(0)) == 0) QUESTIONS[at].ask();
    putchar('\n');
  }
  return fflush(stdout);
}
