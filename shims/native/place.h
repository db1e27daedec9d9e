// Which local path a need may mean. A need comes from a repeater: it may name what the command line named, below the directory the
// command was typed in or below /tmp, and nothing else of the agent's.
#ifndef TURRET_PLACE_H
#define TURRET_PLACE_H

#include "file-stream.h"

enum need_use { NEED_READ, NEED_STAT, NEED_WRITE };
struct need {
  char *path;
  enum need_use use;
  /** Everything below it. */
  bool tree;
};
struct needs {
  /** Standard input, which is a macro. */
  bool input;
  struct need *files;
  size_t count;
};
/** Of STATUS. protocol_error for another shape. */
bool needs_read(struct needs *needs, const struct json *json, const struct json_value *from, struct problem *problem);

/** The directory a path of a need is below: `cwd`, or /tmp for an absolute one. `unresolvable`. */
const char *root_of(const char *path, const char *cwd, struct problem *problem);
/** The path itself; links in it have not been looked at. To be freed. */
char *place_of(const char *path, const char *cwd);
/** `directory/name`. To be freed. */
char *join(const char *directory, const char *name);

enum real_outcome { REAL_FOUND, REAL_MISSING, REAL_REFUSED };
/**
 * The file or directory behind all links, to be freed, when that is still below `root`; REAL_REFUSED with `unresolvable` for a link
 * that leads out. A process that swaps links meanwhile has the agent's own rights and could have sent the other file at once.
 */
enum real_outcome real_below(const char *path, const char *root, char **real, struct problem *problem);

#endif
