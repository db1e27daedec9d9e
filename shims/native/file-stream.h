// Files by value, both ways: SPEC.md, Files. Names in it were chosen by whoever owns the bucket or the release.
#ifndef TURRET_FILE_STREAM_H
#define TURRET_FILE_STREAM_H

#include "json.h"
#include "limits.h"

enum file_kind { FILE_CONTENT, FILE_DIRECTORY, FILE_STAT };

struct file_header {
  char path[FILE_PATH_BYTES_MAX + 1];
  enum file_kind kind;
  uint64_t size;
  uint32_t mode;
  double mtime_ms;
};

/** Told of each entry in turn; one that returns false has said why and is not called again. */
struct file_sink {
  bool (*begin)(void *context, const struct file_header *header, struct problem *problem);
  bool (*content)(void *context, const uint8_t *bytes, size_t count, struct problem *problem);
  bool (*end)(void *context, struct problem *problem);
  void *context;
};

struct file_reader {
  uint8_t prefix[4];
  size_t prefix_taken, header_taken, header_length;
  uint8_t header_bytes[FILE_HEADER_BYTES_MAX];
  struct file_header header;
  bool in_content;
  uint64_t left;
  uint32_t entries;
};
/** protocol_error for a header, path or length that breaks the format or a bound. */
bool file_reader_push(struct file_reader *reader, const uint8_t *bytes, size_t count, const struct file_sink *sink,
                      struct problem *problem);
/** The stream is over: it may be between entries only. */
bool file_reader_finish(const struct file_reader *reader, struct problem *problem);

/** A path that names something below where it is put: no empty, `.` or `..` part, no NUL, UTF-8. */
bool is_carried_path(const char *path, size_t count);
/** The bytes of a header. False when the other side would refuse it: an `internal` problem. */
bool file_header_add(struct bytes *to, const struct file_header *header, struct problem *problem);

#endif
