// Files that a call wrote, on their way to the agent's directory. Each must lie in a need that was decided on, no directory on the way may
// be a link, and a file appears whole or not at all.
#ifndef TURRET_RECEIVE_FILES_H
#define TURRET_RECEIVE_FILES_H

#include "place.h"

struct file_receiver {
  struct file_reader reader;
  const struct needs *needs;
  const char *cwd;
};

bool receive_files(struct file_receiver *receiver, const uint8_t *bytes, size_t count, struct problem *problem);
/** For a process about to end: half a download is no download. */
void remove_unfinished(void);

#endif
