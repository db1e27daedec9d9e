// Where is the broker of this session, and what proves that we belong to it? As src/client/locate.ts. Nothing found here is trusted: the
// broker proves itself against the token before anything is said to it.
#ifndef TURRET_LOCATE_H
#define TURRET_LOCATE_H

#include "token.h"

#define DIRECTORIES_MAX 4

struct surroundings {
  /** The absolute path this program was called by, and the name in it. */
  char *program;
  const char *tool;
  char *cwd;
  /** Where a session directory may be, best first. */
  char *directories[DIRECTORIES_MAX];
  size_t directories_count;
};
/** `usage` when the working directory is gone. */
bool look_around(struct surroundings *here, struct problem *problem);

struct address {
  /** A socket's, or NULL: then a port of 127.0.0.1. */
  char *path;
  uint16_t port;
};
/** not_in_session or token_malformed. */
bool locate(const struct surroundings *here, struct token *token, struct address *address, struct problem *problem);

#endif
