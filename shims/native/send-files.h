// Local files a command names, by value: opened here, with the agent's rights, and streamed. The tool sees copies. What the need does not
// name, or a link leads out to, is not sent; what is not there is not sent either, and the real tool says so in its own words.
#ifndef TURRET_SEND_FILES_H
#define TURRET_SEND_FILES_H

#include "place.h"

struct directory {
  /** As it is called in the stream, and where it really is. */
  char *path, *real;
  char **names;
  size_t count, at;
};
/** Bytes are taken from it as there is credit for them. */
struct file_sender {
  const struct needs *needs;
  const char *cwd;
  /** The need that is being sent, and the next one. */
  const struct need *need;
  size_t next;
  const char *root;
  /** From the tree's own directory down to the one that is being listed. */
  struct directory *above;
  size_t depth, room;
  /** The file that is being sent; -1 for none. */
  int file;
  uint64_t left;
  char *file_path;
  struct bytes header;
  uint32_t entries;
  bool over;
};

/** `over` at once when the call reads no file; then nothing is sent, not even an end. */
void file_sender_begin(struct file_sender *sender, const struct needs *needs, const char *cwd);
/** Up to `room` bytes, 0 only with `over`. unresolvable, output_limit, protocol_error or internal. */
bool file_sender_take(struct file_sender *sender, uint8_t *to, size_t room, size_t *count, struct problem *problem);

#endif
