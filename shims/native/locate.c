#include "locate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

/** Where the sandbox shows the session directory, for a shim that is bound over the real tool. */
#define FIXED_DIRECTORY "/run/turret"
#define TOKEN_FILE_BYTES_MAX 256
#define PORT_DIGITS_MAX 5

/** Absolute, and without `.`, `..` and empty parts, as path.resolve makes it. To be freed. */
static char *resolved(const char *path, const char *cwd) {
  struct bytes whole = {0};
  char *from = path[0] == '/' ? memory_text(path) : join(cwd, path), *rest = from;
  for (char *part; (part = strsep(&rest, "/")) != NULL;) {
    if (strcmp(part, "") == 0 || strcmp(part, ".") == 0) continue;
    if (strcmp(part, "..") == 0) {
      while (bytes_held(&whole) > 0 && whole.at[--whole.end] != '/') continue;
      continue;
    }
    bytes_add_text(&whole, "/");
    bytes_add_text(&whole, part);
  }
  if (bytes_held(&whole) == 0) bytes_add_text(&whole, "/");
  bytes_add(&whole, "", 1);
  free(from);
  return (char *)whole.at;
}

static void add_directory(struct surroundings *here, char *directory) {
  for (size_t at = 0; at < here->directories_count; at += 1)
    if (strcmp(here->directories[at], directory) == 0) return;
  here->directories[here->directories_count++] = directory;
}

// `<directory>/bin/<tool>`.
static char *directory_of(const char *program) {
  char *path = memory_text(program);
  for (int level = 0; level < 2; level += 1) {
    char *slash = strrchr(path, '/');
    if (slash != NULL) slash[slash == path] = 0;
  }
  return path;
}

bool look_around(struct surroundings *here, struct problem *problem) {
  *here = (struct surroundings){.cwd = getcwd(NULL, 0)};
  // Linux says "(unreachable)" of a directory that is in another namespace.
  if (here->cwd == NULL || here->cwd[0] != '/')
    return fail(problem, "usage", "the working directory is gone", "cd to a directory that exists");
  // What execve was given, not argv[0], which is whatever the caller likes: the same that a script's interpreter is told.
  const char *called = (const char *)getauxval(AT_EXECFN);
  here->program = resolved(called == NULL ? "/" : called, here->cwd);
  here->tool = strrchr(here->program, '/') + 1;
  const char *named = getenv("TURRET_AGENT_DIRECTORY");
  if (named != NULL && *named != 0) add_directory(here, memory_text(named));
  add_directory(here, directory_of(here->program));
  char *real = realpath(here->program, NULL);
  if (real != NULL) add_directory(here, directory_of(real));
  add_directory(here, memory_text(FIXED_DIRECTORY));
  return true;
}

static bool outside(struct problem *problem, const char *message) {
  return fail(problem, "not_in_session", message, "this command works inside `turret run -- <agent>`");
}

/** What is in a small file, with a NUL behind it; -1 when it cannot be read. */
static ssize_t read_small(const char *path, char *to, size_t room) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return -1;
  ssize_t count = read(file, to, room - 1);
  close(file);
  if (count >= 0) to[count] = 0;
  return count;
}

static ssize_t token_beside(const struct surroundings *here, char *to, size_t room) {
  for (size_t at = 0; at < here->directories_count; at += 1) {
    char *path = join(here->directories[at], "token");
    struct stat found;
    bool there = lstat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_size <= TOKEN_FILE_BYTES_MAX;
    ssize_t count = there ? read_small(path, to, room) : -1;
    free(path);
    if (count >= 0) return count;
  }
  return -1;
}

static bool is_socket(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0 && S_ISSOCK(found.st_mode);
}

// Anybody can make a directory in /tmp. What is not ours alone is not asked.
static bool is_private(const char *path) {
  struct stat found;
  return lstat(path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == getuid() && (found.st_mode & 0077) == 0;
}

static uint16_t port_in(const char *directory) {
  char *path = join(directory, "port"), text[PORT_DIGITS_MAX + 2];
  ssize_t count = read_small(path, text, sizeof text);
  free(path);
  if (count < 1 || count > PORT_DIGITS_MAX || strspn(text, "0123456789") != (size_t)count) return 0;
  long port = strtol(text, NULL, 10);
  return port > UINT16_MAX ? 0 : (uint16_t)port;
}

static char *socket_below(const char *base, const struct token *token) {
  char sid[2 * SID_BYTES + 1];
  for (size_t at = 0; at < SID_BYTES; at += 1) snprintf(sid + 2 * at, 3, "%02x", token->sid[at]);
  char *directory = join(base, sid), *path = join(directory, "agent/agent.sock");
  bool ours = is_private(base) && is_private(directory) && is_socket(path);
  free(directory);
  if (ours) return path;
  free(path);
  return NULL;
}

static bool find_broker(const struct surroundings *here, const struct token *token, struct address *address, struct problem *problem) {
  for (size_t at = 0; at < here->directories_count; at += 1) {
    address->path = join(here->directories[at], "agent.sock");
    if (is_socket(address->path)) return true;
    free(address->path);
    address->path = NULL;
    address->port = port_in(here->directories[at]);
    if (address->port != 0) return true;
  }
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (runtime != NULL && runtime[0] == '/') {
    char *base = join(runtime, "turret");
    address->path = socket_below(base, token);
    free(base);
  }
  char base[64];
  snprintf(base, sizeof base, "/tmp/turret-%u", getuid());
  if (address->path == NULL) address->path = socket_below(base, token);
  return address->path != NULL ||
         outside(problem, "the broker of this token is not to be found: its session is over, or its directory cannot be seen from here");
}

bool locate(const struct surroundings *here, struct token *token, struct address *address, struct problem *problem) {
  static const char SPACE[] = " \t\n\v\f\r";
  char file[TOKEN_FILE_BYTES_MAX + 1];
  const char *text = getenv("TURRET_TOKEN");
  if (text == NULL || *text == 0) text = token_beside(here, file, sizeof file) > 0 ? file : NULL;
  if (text == NULL) return outside(problem, "there is no token: neither in TURRET_TOKEN nor beside the command");
  text += strspn(text, SPACE);
  size_t count = strlen(text);
  while (count > 0 && strchr(SPACE, text[count - 1]) != NULL) count -= 1;
  if (!token_read(token, text, count, problem)) return false;
  *address = (struct address){0};
  const char *named = getenv("TURRET_SOCKET");
  if (named == NULL || *named == 0) return find_broker(here, token, address, problem);
  address->path = memory_text(named);
  return true;
}
