// What libFuzzer makes up, for every reader of the shim and for whole conversations. The first byte chooses, the second says how the rest is
// cut. `npm run fuzz -- --native` builds and runs it. What has to hold is an abort() here; the sanitizers see to the rest,
// but for leaks: the shim ends with its call. Never shipped.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "text.h"

#define HEAD_BYTES 2

static void must(bool holds) {
  if (!holds) abort();
}

/** Nothing in it is obeyed by a terminal. */
static void must_be_plain(const struct bytes *text, bool lines) {
  for (size_t at = text->start; at < text->end; at += 1)
    must((text->at[at] >= 0x20 && text->at[at] != 0x7f) || (lines && text->at[at] == '\n'));
  must(bytes_held(text) == 0 || text_is_utf8(text->at + text->start, bytes_held(text)));
}

static void must_be_problem(const struct problem *problem) {
  struct bytes lines = {0};
  must(problem->name != NULL && problem->message.count > 0);
  problem_lines(problem, &lines);
  must_be_plain(&lines, true);
  bytes_free(&lines);
}

// The same frames and the same refusal, however the bytes are cut: a sum of all that was told.
static uint64_t sum_of_frames(const uint8_t *data, size_t count, size_t piece) {
  struct frame_reader reader = {.authenticated = true, .preface_taken = PREFACE_BYTES};
  struct problem problem;
  struct frame frame;
  enum frame_outcome outcome = FRAME_MORE;
  uint64_t sum = 1469598103934665603u;
  for (size_t at = 0; at < count && outcome != FRAME_REFUSED;) {
    size_t room, now = count - at < piece ? count - at : piece;
    uint8_t *to = frame_reader_room(&reader, &room);
    must(room > 0);
    if (now > room) now = room;
    memcpy(to, data + at, now);
    frame_reader_filled(&reader, now);
    at += now;
    while ((outcome = frame_reader_next(&reader, &frame, &problem)) == FRAME_READ) {
      must(frame.length <= REGISTER_BYTES_MAX);
      sum = (sum ^ frame.type ^ (uint64_t)frame.stream << 8) * 1099511628211u;
      for (uint32_t byte = 0; byte < frame.length; byte += 1) sum = (sum ^ frame.payload[byte]) * 1099511628211u;
    }
  }
  if (outcome == FRAME_REFUSED) sum ^= problem_code(&problem);
  frame_reader_free(&reader);
  return sum;
}

static void fuzz_frames(const uint8_t *data, size_t count, size_t piece) {
  must(sum_of_frames(data, count, piece) == sum_of_frames(data, count, 1 << 20));
}

static void fuzz_json(const uint8_t *data, size_t count, size_t piece) {
  (void)piece;
  struct json json, again;
  struct problem problem;
  if (json_read_control(&json, data, count, &problem)) {
    const struct json_value *root = &json.values[0];
    struct bytes text = {0};
    for (const struct json_value *at = json_first(&json, root); at != NULL; at = json_next(&json, at)) {
      // No other value has its name.
      must(strlen(at->key.at) != at->key.count || json_member(&json, root, at->key.at) == at);
      text_add_json(&text, at->key.at, at->key.count);
      must(json_read(&again, text.at, bytes_held(&text), &problem));
      must(again.values[0].text.count == at->key.count && memcmp(again.values[0].text.at, at->key.at, at->key.count) == 0);
      json_free(&again);
      bytes_free(&text);
    }
    problem_from_wire(&problem, &json, root);
    if (problem.message.count == 0) problem_say(&problem.message, "x", 1);
  }
  must_be_problem(&problem);
  json_free(&json);
}

static void fuzz_token(const uint8_t *data, size_t count, size_t piece) {
  (void)piece;
  struct token token;
  struct problem problem;
  if (!token_read(&token, (const char *)data, count, &problem)) must_be_problem(&problem);
}

static bool sink_begin(void *context, const struct file_header *header, struct problem *problem) {
  struct bytes again = {0};
  *(uint64_t *)context = header->kind == FILE_CONTENT ? header->size : 0;
  must(is_carried_path(header->path, strlen(header->path)) && header->mode <= 0777);
  must(file_header_add(&again, header, problem));
  bytes_free(&again);
  return true;
}

static bool sink_content(void *context, const uint8_t *bytes, size_t count, struct problem *problem) {
  (void)problem;
  must(bytes != NULL && count > 0 && count <= *(uint64_t *)context);
  *(uint64_t *)context -= count;
  return true;
}

static bool sink_end(void *context, struct problem *problem) {
  (void)problem;
  must(*(uint64_t *)context == 0);
  return true;
}

static void fuzz_files(const uint8_t *data, size_t count, size_t piece) {
  static struct file_reader reader;
  struct problem problem;
  uint64_t left = 0;
  const struct file_sink sink = {.begin = sink_begin, .content = sink_content, .end = sink_end, .context = &left};
  memset(&reader, 0, sizeof reader);
  bool ok = true;
  for (size_t at = 0; at < count && ok; at += piece)
    ok = file_reader_push(&reader, data + at, count - at < piece ? count - at : piece, &sink, &problem);
  if (!ok || !file_reader_finish(&reader, &problem)) must_be_problem(&problem);
}

// --- a whole conversation, on files that are there ---------------------------------------------------------------------------------

static char root[256], work[300];

static void make_places(void) {
  const char *scratch = getenv("TURRET_FUZZ_SCRATCH");
  must(scratch != NULL);
  snprintf(root, sizeof root, "%s/%d", scratch, getpid());
  snprintf(work, sizeof work, "%s/work", root);
  must(mkdir(root, 0700) == 0 && mkdir(work, 0700) == 0 && chdir(work) == 0);
  must(mkdir("d", 0700) == 0 && mkdir("d/e", 0700) == 0 && symlink("..", "up") == 0 && symlink("d", "in") == 0);
  int file = open("d/f", O_WRONLY | O_CREAT, 0600);
  must(file >= 0 && write(file, "text", 4) == 4 && close(file) == 0 && symlink("../d/f", "d/l") == 0);
}

static void must_stay_inside(void) {
  struct stat found;
  char path[300];
  snprintf(path, sizeof path, "%s/new", root);
  must(lstat(path, &found) != 0 && lstat(root, &found) == 0 && found.st_nlink == 3);
}

static void fuzz_call(const uint8_t *data, size_t count, size_t piece) {
  static struct call call;
  static struct connection connection;
  struct outlet outlets[2] = {{.descriptor = open("/dev/null", O_WRONLY)}, {.descriptor = outlets[0].descriptor}};
  struct facts facts = {0};
  struct frame frame;
  struct problem problem;
  if (root[0] == 0) make_places();
  memset(&connection, 0, sizeof connection);
  connection.stream = 1;
  connection.in = (struct frame_reader){.authenticated = true, .preface_taken = PREFACE_BYTES};
  call_begin(&call, &connection, outlets, work, &facts);
  bool ok = true;
  for (size_t at = 0; at < count && ok; at += piece) {
    size_t room, now = count - at < piece ? count - at : piece;
    uint8_t *to = frame_reader_room(&connection.in, &room);
    must(now <= room);
    memcpy(to, data + at, now);
    frame_reader_filled(&connection.in, now);
    enum frame_outcome outcome;
    while (ok && (outcome = frame_reader_next(&connection.in, &frame, &problem)) != FRAME_MORE)
      ok = outcome == FRAME_READ && call_frame(&call, &frame);
    call_send_files(&call);
    must(call.files_out.credit <= CREDIT_BYTES_MAX && call.outputs[0].window <= WINDOW_BYTES && call.files_in.window <= WINDOW_BYTES);
    connection.out.start = connection.out.end;
  }
  remove_unfinished();
  if (call.end == END_REFUSED && call.problem.message.count > 0) must_be_problem(&call.problem);
  must_stay_inside();
  close(outlets[0].descriptor);
  frame_reader_free(&connection.in);
  bytes_free(&connection.out);
}

static void fuzz_text(const uint8_t *data, size_t count, size_t piece) {
  struct bytes text = {0}, json = {0};
  struct json read;
  struct problem problem;
  text_add_escaped(&text, data, count);
  must_be_plain(&text, false);
  text_clip(&text, piece + 1);
  must_be_plain(&text, false);
  text_add_json(&json, (const char *)data, count);
  must(json_read(&read, json.at, bytes_held(&json), &problem));
  must(!text_is_utf8(data, count) || (read.values[0].text.count == count && memcmp(read.values[0].text.at, data, count) == 0));
  json_free(&read);
  bytes_free(&text);
  bytes_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count) {
  static void (*const targets[])(const uint8_t *, size_t, size_t) = {fuzz_frames, fuzz_json, fuzz_token, fuzz_files, fuzz_call, fuzz_text};
  if (count < HEAD_BYTES) return 0;
  targets[data[0] % (sizeof targets / sizeof targets[0])](data + HEAD_BYTES, count - HEAD_BYTES, (size_t)data[1] + 1);
  return 0;
}
