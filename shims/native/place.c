#include "place.h"

#include <stdlib.h>
#include <string.h>

#define ELSEWHERE "/tmp"

static bool use_of(const struct json_text *text, enum need_use *use) {
  *use = json_is(text, "read") ? NEED_READ : json_is(text, "stat") ? NEED_STAT : NEED_WRITE;
  return *use != NEED_WRITE || json_is(text, "write");
}

bool needs_read(struct needs *needs, const struct json *json, const struct json_value *from, struct problem *problem) {
  const struct json_value *stdin_value = json_member(json, from, "stdin"), *files = json_member(json, from, "files");
  if (stdin_value == NULL || files == NULL || files->type != JSON_ARRAY || files->count > FILES_MAX)
    return fail_protocol(problem, "needs of another form");
  needs->input = stdin_value->type == JSON_TRUE;
  needs->files = memory(files->count * sizeof *needs->files);
  for (const struct json_value *at = json_first(json, files); at != NULL; at = json_next(json, at)) {
    const struct json_text *path = json_text_of(json, at, "path");
    const struct json_value *tree = json_member(json, at, "tree");
    struct need *need = &needs->files[needs->count];
    if (path == NULL || tree == NULL || strlen(path->at) != path->count || !use_of(json_text_of(json, at, "use"), &need->use))
      return fail_protocol(problem, "a need of another form");
    need->path = memory_text(path->at);
    need->tree = tree->type == JSON_TRUE;
    needs->count += 1;
  }
  return true;
}

static const char *refused(const char *path, struct problem *problem) {
  fail_about(problem, "unresolvable", (const char *[2]){"the file ", " is not below the working directory"}, path,
             "name a file below the working directory or below /tmp");
  return NULL;
}

const char *root_of(const char *path, const char *cwd, struct problem *problem) {
  if (strcmp(path, ".") != 0 && !is_carried_path(path, strlen(path))) return refused(path, problem);
  if (path[0] != '/') return cwd;
  return strncmp(path, ELSEWHERE "/", sizeof ELSEWHERE) == 0 ? ELSEWHERE : refused(path, problem);
}

char *join(const char *directory, const char *name) {
  struct bytes path = {0};
  bytes_add_text(&path, strcmp(directory, "/") == 0 ? "" : directory);
  bytes_add_text(&path, "/");
  bytes_add(&path, name, strlen(name) + 1);
  return (char *)path.at;
}

char *place_of(const char *path, const char *cwd) {
  if (path[0] == '/') return memory_text(path);
  return strcmp(path, ".") == 0 ? memory_text(cwd) : join(cwd, path);
}

enum real_outcome real_below(const char *path, const char *root, char **real, struct problem *problem) {
  char *found = realpath(path, NULL), *real_root = found == NULL ? NULL : realpath(root, NULL);
  size_t count = real_root == NULL ? 0 : strlen(real_root);
  bool below = real_root != NULL && (strcmp(real_root, "/") == 0 || (strncmp(found, real_root, count) == 0 &&
                                                                      (found[count] == 0 || found[count] == '/')));
  enum real_outcome outcome = real_root == NULL ? REAL_MISSING : below ? REAL_FOUND : REAL_REFUSED;
  free(real_root);
  if (outcome == REAL_FOUND) {
    *real = found;
    return outcome;
  }
  free(found);
  if (outcome == REAL_REFUSED) {
    struct bytes after = {0};
    fail_about(problem, "unresolvable", (const char *[2]){"", ""}, root, NULL);
    bytes_add_text(&after, " leads out of ");
    bytes_add(&after, problem->message.bytes, problem->message.count);
    bytes_add(&after, "", 1);
    fail_about(problem, "unresolvable", (const char *[2]){"the link ", (const char *)after.at}, path,
               "put the file itself there; links are followed only inside the working directory");
    bytes_free(&after);
  }
  return outcome;
}
