#include "file-stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define SAFE_INTEGER_MAX 9007199254740991.0
#define MODE_MAX 0777

static const char *const KINDS[] = {"file", "dir", "stat"};

bool is_carried_path(const char *path, size_t count) {
  if (count == 0 || count > FILE_PATH_BYTES_MAX || memchr(path, 0, count) != NULL) return false;
  if (!text_is_utf8((const uint8_t *)path, count)) return false;
  size_t at = path[0] == '/' ? 1 : 0;
  for (;;) {
    const char *slash = memchr(path + at, '/', count - at);
    size_t part = slash == NULL ? count - at : (size_t)(slash - (path + at));
    bool dots = (part == 1 || part == 2) && path[at] == '.' && path[at + part - 1] == '.';
    if (part == 0 || dots) return false;
    if (slash == NULL) return true;
    at += part + 1;
  }
}

static bool broken(struct problem *problem, const char *what) {
  fail_protocol(problem, "file stream has ");
  problem_say(&problem->message, what, strlen(what));
  return false;
}

static bool is_count(const struct json_value *value, double most) {
  if (value == NULL || value->type != JSON_NUMBER) return false;
  return value->number >= 0 && value->number <= most && floor(value->number) == value->number;
}

static bool parse_header(struct file_header *header, const struct json *json, struct problem *problem) {
  const struct json_value *root = &json->values[0];
  const struct json_text *path = json_text_of(json, root, "path"), *kind = json_text_of(json, root, "kind");
  const struct json_value *size = json_member(json, root, "size"), *mode = json_member(json, root, "mode");
  const struct json_value *time = json_member(json, root, "mtime_ms");
  if (root->type != JSON_OBJECT) return broken(problem, "a file header that is not an object");
  if (path == NULL || !is_carried_path(path->at, path->count)) return broken(problem, "a file path that leaves its place");
  header->kind = FILE_CONTENT;
  while (header->kind <= FILE_STAT && !json_is(kind, KINDS[header->kind])) header->kind += 1;
  if (header->kind > FILE_STAT) return broken(problem, "an unknown kind of file");
  if (!is_count(size, SAFE_INTEGER_MAX)) return broken(problem, "a file size that is not a count");
  if (header->kind == FILE_DIRECTORY && size->number != 0) return broken(problem, "a directory with content");
  if (!is_count(mode, MODE_MAX)) return broken(problem, "a file mode past 0777");
  if (time == NULL || time->type != JSON_NUMBER) return broken(problem, "a file time that is no time");
  memcpy(header->path, path->at, path->count);
  header->path[path->count] = 0;
  header->size = (uint64_t)size->number;
  header->mode = (uint32_t)mode->number;
  header->mtime_ms = time->number;
  return true;
}

static bool read_header(struct file_reader *reader, const struct file_sink *sink, struct problem *problem) {
  struct json json;
  bool ok = json_read(&json, reader->header_bytes, reader->header_length, problem);
  if (!ok) broken(problem, "a file header that is not JSON");
  ok = ok && parse_header(&reader->header, &json, problem);
  json_free(&json);
  if (!ok) return false;
  reader->left = reader->header.kind == FILE_CONTENT ? reader->header.size : 0;
  reader->in_content = true;
  return sink->begin(sink->context, &reader->header, problem);
}

static bool entry_over(struct file_reader *reader, const struct file_sink *sink, struct problem *problem) {
  reader->in_content = false;
  reader->prefix_taken = reader->header_taken = 0;
  return sink->end(sink->context, problem);
}

// Copies what is still missing of `wanted` bytes; returns how many it took.
static size_t gather(uint8_t *to, size_t *taken, size_t wanted, const uint8_t *from, size_t count) {
  size_t more = wanted - *taken < count ? wanted - *taken : count;
  memcpy(to + *taken, from, more);
  *taken += more;
  return more;
}

static bool read_prefix(struct file_reader *reader, struct problem *problem) {
  char words[64];
  uint32_t length = read_u32(reader->prefix);
  snprintf(words, sizeof words, "more than %d files", FILE_ENTRIES_MAX);
  if (++reader->entries > FILE_ENTRIES_MAX) return broken(problem, words);
  snprintf(words, sizeof words, "a file header of %u bytes", length);
  if (length > FILE_HEADER_BYTES_MAX) return broken(problem, words);
  reader->header_length = length;
  return true;
}

bool file_reader_push(struct file_reader *reader, const uint8_t *bytes, size_t count, const struct file_sink *sink,
                      struct problem *problem) {
  for (size_t at = 0; at < count;) {
    if (!reader->in_content && reader->prefix_taken < sizeof reader->prefix) {
      at += gather(reader->prefix, &reader->prefix_taken, sizeof reader->prefix, bytes + at, count - at);
      if (reader->prefix_taken < sizeof reader->prefix) return true;
      if (!read_prefix(reader, problem)) return false;
    }
    if (!reader->in_content) {
      at += gather(reader->header_bytes, &reader->header_taken, reader->header_length, bytes + at, count - at);
      if (reader->header_taken < reader->header_length) return true;
      if (!read_header(reader, sink, problem)) return false;
    }
    size_t taken = reader->left < count - at ? (size_t)reader->left : count - at;
    if (taken > 0 && !sink->content(sink->context, bytes + at, taken, problem)) return false;
    at += taken;
    reader->left -= taken;
    if (reader->left == 0 && !entry_over(reader, sink, problem)) return false;
  }
  return true;
}

bool file_reader_finish(const struct file_reader *reader, struct problem *problem) {
  if (reader->in_content) return broken(problem, "an end in the middle of a file");
  return reader->prefix_taken == 0 || broken(problem, "an end in the middle of an entry");
}

static void add_number(struct bytes *to, double number) {
  char digits[40];
  for (int precision = 15; precision <= 17; precision += 1) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  bytes_add_text(to, digits);
}

bool file_header_add(struct bytes *to, const struct file_header *header, struct problem *problem) {
  if (!is_carried_path(header->path, strlen(header->path)))
    return fail(problem, "internal", "something broke: TypeError: file header: a file path that leaves its place", NULL);
  struct bytes json = {0};
  char words[80];
  bytes_add_text(&json, "{\"path\":");
  text_add_json(&json, header->path, strlen(header->path));
  snprintf(words, sizeof words, ",\"kind\":\"%s\",\"size\":%llu,\"mode\":%u,\"mtime_ms\":", KINDS[header->kind],
           (unsigned long long)header->size, header->mode);
  bytes_add_text(&json, words);
  add_number(&json, header->mtime_ms);
  bytes_add_text(&json, "}");
  uint8_t length[4];
  write_u32(length, (uint32_t)bytes_held(&json));
  bytes_add(to, length, sizeof length);
  bytes_add(to, bytes_first(&json), bytes_held(&json));
  bytes_free(&json);
  return true;
}
