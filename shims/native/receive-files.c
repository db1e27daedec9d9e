// Directories are walked by descriptors, part for part and never through a link, so that somebody who swaps one meanwhile gains nothing.

#include "receive-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handshake.h"
#include "text.h"

#define NAME_UNITS_MAX 100
#define NAME_ROOM 512
#define SECONDS_MAX 9e15

/** The file that is being written: there is one at a time. */
static struct {
  int directory, file;
  char temporary[NAME_ROOM];
  char name[FILE_PATH_BYTES_MAX + 1];
  const struct file_header *header;
} unfinished = {.directory = -1, .file = -1};

void remove_unfinished(void) {
  if (unfinished.file >= 0) {
    close(unfinished.file);
    unlinkat(unfinished.directory, unfinished.temporary, 0);
  }
  if (unfinished.directory >= 0) close(unfinished.directory);
  unfinished.file = unfinished.directory = -1;
}

static bool is_within(const struct file_header *entry, const struct need *need) {
  const char *path = entry->path;
  if (entry->kind == FILE_STAT || (entry->kind == FILE_DIRECTORY && !need->tree)) return false;
  if (strcmp(path, need->path) == 0) return true;
  if (!need->tree || (path[0] == '/') != (need->path[0] == '/')) return false;
  size_t count = strlen(need->path);
  return strcmp(need->path, ".") == 0 || (strncmp(path, need->path, count) == 0 && path[count] == '/');
}

static bool cannot_write(const char *path, int error, struct problem *problem) {
  char after[64];
  snprintf(after, sizeof after, ": %s", system_error(error).name);
  return fail_about(problem, "state_unwritable", (const char *[2]){"cannot write ", after}, path, NULL);
}

/** Opens `root` and the directories of `path` below it, making what is missing. Closed by the caller; -1 with a problem. */
static int open_directories(const char *root, const char *path, const char *whole, struct problem *problem) {
  int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) cannot_write(whole, errno, problem);
  struct bytes walked = {0};
  bytes_add_text(&walked, strcmp(root, "/") == 0 ? "" : root);
  for (const char *part = path; at >= 0 && *part != 0;) {
    size_t count = strcspn(part, "/");
    char *name = memory(count + 1);
    memcpy(name, part, count);
    name[count] = 0;
    bytes_add_text(&walked, "/");
    bytes_add_text(&walked, name);
    struct stat found;
    int error = fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (error == ENOENT) error = mkdirat(at, name, 0777) == 0 ? 0 : errno;
    int next = error == 0 ? openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (next < 0 && error == 0) error = errno;
    if (error == ENOTDIR || error == ELOOP) {
      bytes_add(&walked, "", 1);
      const char *what = S_ISLNK(found.st_mode) ? " is a link" : " is no directory";
      fail_about(problem, "unresolvable", (const char *[2]){"", what}, (const char *)walked.at,
                 "name a directory that is not reached through links");
    } else if (next < 0) {
      cannot_write(whole, error, problem);
    }
    free(name);
    close(at);
    at = next;
    part += count + (part[count] == '/');
  }
  bytes_free(&walked);
  return at;
}

// `.`, at most a hundred units of the name, and something nobody can have put there before us.
static void name_temporary(const char *name) {
  struct bytes text = {0};
  uint8_t random[6];
  char hex[16];
  size_t units = 0;
  bytes_add_text(&text, ".");
  for (size_t at = 0, count = strlen(name); at < count;) {
    uint32_t character;
    bool valid;
    at += text_character((const uint8_t *)name + at, count - at, &character, &valid);
    units += character > 0xffff ? 2 : 1;
    if (units > NAME_UNITS_MAX) break;
    text_add_character(&text, character);
  }
  random_bytes(random, sizeof random);
  for (size_t at = 0; at < sizeof random; at += 1) snprintf(hex + 2 * at, 3, "%02x", random[at]);
  bytes_add_text(&text, ".");
  bytes_add(&text, hex, 13);
  memcpy(unfinished.temporary, text.at, bytes_held(&text));
  bytes_free(&text);
}

static bool begin_file(const struct file_header *entry, int directory, const char *name, struct problem *problem) {
  struct stat found;
  bool there = fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && !S_ISREG(found.st_mode) && !S_ISLNK(found.st_mode)) {
    close(directory);
    return fail_about(problem, "unresolvable", (const char *[2]){"", " is there already and no file"}, entry->path, NULL);
  }
  unfinished.directory = directory;
  name_temporary(name);
  snprintf(unfinished.name, sizeof unfinished.name, "%s", name);
  // Readable for whom the agent's umask says, as if the tool itself had written it. A link at the place itself is replaced, not followed.
  unfinished.file = openat(directory, unfinished.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (unfinished.file >= 0) return true;
  int error = errno;
  remove_unfinished();
  return cannot_write(entry->path, error, problem);
}

static bool begin_entry(void *context, const struct file_header *entry, struct problem *problem) {
  const struct file_receiver *receiver = context;
  bool named = false;
  for (size_t at = 0; at < receiver->needs->count; at += 1)
    named = named || (receiver->needs->files[at].use == NEED_WRITE && is_within(entry, &receiver->needs->files[at]));
  if (!named)
    return fail_about(problem, "unresolvable", (const char *[2]){"the call wants to write ", ", which it did not name"}, entry->path,
                      NULL);
  const char *root = root_of(entry->path, receiver->cwd, problem);
  if (root == NULL) return false;
  char *below = memory_text(entry->path[0] == '/' ? entry->path + strlen(root) + 1 : entry->path);
  char *slash = strrchr(below, '/');
  const char *name = slash == NULL ? below : slash + 1;
  bool is_file = entry->kind == FILE_CONTENT;
  if (is_file && slash != NULL) *slash = 0;
  unfinished.header = entry;
  int directory = open_directories(root, is_file && slash == NULL ? "" : below, entry->path, problem);
  bool ok = directory >= 0;
  if (ok && is_file) ok = begin_file(entry, directory, name, problem);
  else if (ok) close(directory);
  free(below);
  return ok;
}

static bool write_failed(int error, struct problem *problem) {
  remove_unfinished();
  return cannot_write(unfinished.header->path, error, problem);
}

static bool write_content(void *context, const uint8_t *bytes, size_t count, struct problem *problem) {
  (void)context;
  for (size_t at = 0; at < count;) {
    ssize_t written = write(unfinished.file, bytes + at, count - at);
    if (written < 0 && errno != EINTR) return write_failed(errno, problem);
    if (written > 0) at += (size_t)written;
  }
  return true;
}

// Whole microseconds, as Node has them.
static struct timespec time_of(double mtime_ms) {
  double seconds = mtime_ms / 1e3;
  if (seconds > SECONDS_MAX) seconds = SECONDS_MAX;
  if (seconds < -SECONDS_MAX) seconds = -SECONDS_MAX;
  struct timespec time = {.tv_sec = (time_t)seconds};
  time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
  time.tv_nsec -= time.tv_nsec % 1000;
  if (time.tv_nsec < 0) {
    time.tv_nsec += 1000000000;
    time.tv_sec -= 1;
  }
  return time;
}

static bool end_entry(void *context, struct problem *problem) {
  (void)context;
  if (unfinished.file < 0) return true;
  struct timespec time = time_of(unfinished.header->mtime_ms);
  const struct timespec times[2] = {time, time};
  if (futimens(unfinished.file, times) != 0) return write_failed(errno, problem);
  if (close(unfinished.file) != 0) {
    int error = errno;
    unlinkat(unfinished.directory, unfinished.temporary, 0);
    unfinished.file = -1;
    return write_failed(error, problem);
  }
  unfinished.file = -1;
  if (renameat(unfinished.directory, unfinished.temporary, unfinished.directory, unfinished.name) != 0) {
    int error = errno;
    unlinkat(unfinished.directory, unfinished.temporary, 0);
    return write_failed(error, problem);
  }
  remove_unfinished();
  return true;
}

bool receive_files(struct file_receiver *receiver, const uint8_t *bytes, size_t count, struct problem *problem) {
  const struct file_sink sink = {.begin = begin_entry, .content = write_content, .end = end_entry, .context = receiver};
  return file_reader_push(&receiver->reader, bytes, count, &sink, problem);
}
