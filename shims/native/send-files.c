#include "send-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define MODE_BITS 0777

void file_sender_begin(struct file_sender *sender, const struct needs *needs, const char *cwd) {
  *sender = (struct file_sender){.needs = needs, .cwd = cwd, .file = -1, .over = true};
  for (size_t at = 0; at < needs->count; at += 1)
    if (needs->files[at].use != NEED_WRITE) sender->over = false;
}

static bool add_header(struct file_sender *sender, const char *path, enum file_kind kind, const struct stat *found,
                       struct problem *problem) {
  char words[80];
  snprintf(words, sizeof words, "the command names more than %d files", FILE_ENTRIES_MAX);
  if (++sender->entries > FILE_ENTRIES_MAX) return fail(problem, "output_limit", words, "send them in several commands");
  struct file_header header = {
      .kind = kind,
      .size = kind == FILE_DIRECTORY ? 0 : (uint64_t)found->st_size,
      .mode = found->st_mode & MODE_BITS,
      .mtime_ms = (double)found->st_mtim.tv_sec * 1e3 + (double)found->st_mtim.tv_nsec / 1e6,
  };
  // One that is too long is refused by file_header_add like any other that cannot be carried.
  if (strlen(path) < sizeof header.path) memcpy(header.path, path, strlen(path) + 1);
  return file_header_add(&sender->header, &header, problem);
}

static bool add_file(struct file_sender *sender, const char *path, const char *real, struct problem *problem) {
  // The last link was followed already; a pipe must not make us wait for its other end.
  int file = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return true;
  struct stat found;
  bool is_file = fstat(file, &found) == 0 && S_ISREG(found.st_mode);
  bool content = is_file && sender->need->use == NEED_READ;
  // Pipes, sockets, devices: the tool will not find them either.
  bool ok = !is_file || add_header(sender, path, content ? FILE_CONTENT : FILE_STAT, &found, problem);
  if (!ok || !content || found.st_size == 0) {
    close(file);
    return ok;
  }
  sender->file = file;
  sender->left = (uint64_t)found.st_size;
  free(sender->file_path);
  sender->file_path = memory_text(path);
  return true;
}

static int compare_names(const void *left, const void *right) {
  return text_compare(*(char *const *)left, *(char *const *)right);
}

static bool list(const char *real, struct directory *into, struct problem *problem) {
  DIR *listing = opendir(real);
  if (listing == NULL) {
    int error = errno;
    char *what = memory(strlen(real) + 16);
    sprintf(what, "scandir '%s'", real);
    fail_system(problem, error, what);
    free(what);
    return false;
  }
  size_t room = 0;
  into->names = NULL;
  into->count = into->at = 0;
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    const char *name = entry->d_name;
    // A name that is no text has no place in a header.
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !text_is_utf8((const uint8_t *)name, strlen(name))) continue;
    if (into->count == room) {
      room = room == 0 ? 64 : 2 * room;
      char **names = memory(room * sizeof *names);
      if (into->count > 0) memcpy(names, into->names, into->count * sizeof *names);
      free(into->names);
      into->names = names;
    }
    into->names[into->count++] = memory_text(name);
  }
  closedir(listing);
  if (into->count > 0) qsort(into->names, into->count, sizeof *into->names, compare_names);
  return true;
}

static void forget(struct directory *directory) {
  for (size_t at = 0; at < directory->count; at += 1) free(directory->names[at]);
  free(directory->names);
  free(directory->path);
  free(directory->real);
}

// Takes over `real`.
static bool enter(struct file_sender *sender, const char *path, char *real, struct problem *problem) {
  struct stat found;
  struct directory directory = {.path = memory_text(path), .real = real};
  bool ok = strcmp(path, ".") == 0 || stat(real, &found) != 0 || add_header(sender, path, FILE_DIRECTORY, &found, problem);
  if (!ok || !list(real, &directory, problem)) {
    forget(&directory);
    return false;
  }
  if (sender->depth == sender->room) {
    sender->room = sender->room == 0 ? 8 : 2 * sender->room;
    struct directory *above = memory(sender->room * sizeof *above);
    if (sender->depth > 0) memcpy(above, sender->above, sender->depth * sizeof *above);
    free(sender->above);
    sender->above = above;
  }
  sender->above[sender->depth++] = directory;
  return true;
}

static char *child_path(const char *path, const char *name) {
  return strcmp(path, ".") == 0 ? memory_text(name) : join(path, name);
}

static bool add_child(struct file_sender *sender, struct problem *problem) {
  struct directory *directory = &sender->above[sender->depth - 1];
  const char *name = directory->names[directory->at++];
  char *path = child_path(directory->path, name), *place = join(directory->real, name), *real = NULL;
  enum real_outcome outcome = real_below(place, sender->root, &real, problem);
  struct stat found;
  bool ok = outcome != REAL_REFUSED;
  if (outcome == REAL_FOUND && stat(real, &found) == 0) {
    // A link back to a directory on the way down would never end.
    bool again = false;
    for (size_t at = 0; at < sender->depth; at += 1) again = again || strcmp(sender->above[at].real, real) == 0;
    if (!S_ISDIR(found.st_mode)) {
      ok = add_file(sender, path, real, problem);
    } else if (again) {
      ok = fail_about(problem, "unresolvable", (const char *[2]){"", " is a link to a directory it is in"}, path, "remove the link");
    } else {
      ok = enter(sender, path, real, problem);
      real = NULL;
    }
  }
  free(real);
  free(place);
  free(path);
  return ok;
}

// What is directly in a directory and no directory: the names a tool must not overwrite, a link's among them.
static bool add_names(struct file_sender *sender, const char *path, const char *real, struct problem *problem) {
  struct directory directory = {0};
  bool ok = list(real, &directory, problem);
  for (size_t at = 0; ok && at < directory.count; at += 1) {
    char *place = join(real, directory.names[at]), *child = child_path(path, directory.names[at]);
    struct stat found;
    if (lstat(place, &found) == 0 && !S_ISDIR(found.st_mode) && is_carried_path(child, strlen(child)))
      ok = add_header(sender, child, FILE_STAT, &found, problem);
    free(place);
    free(child);
  }
  forget(&directory);
  return ok;
}

static bool begin_need(struct file_sender *sender, struct problem *problem) {
  const struct need *need = sender->need = &sender->needs->files[sender->next++];
  if (need->use == NEED_WRITE) return true;
  sender->root = root_of(need->path, sender->cwd, problem);
  if (sender->root == NULL) return false;
  char *place = place_of(need->path, sender->cwd), *real = NULL;
  enum real_outcome outcome = real_below(place, sender->root, &real, problem);
  free(place);
  struct stat found;
  if (outcome != REAL_FOUND || stat(real, &found) != 0) {
    free(real);
    return outcome != REAL_REFUSED;
  }
  if (S_ISDIR(found.st_mode) && need->tree) return enter(sender, need->path, real, problem);
  bool names = S_ISDIR(found.st_mode) && need->use == NEED_STAT;
  bool ok = names ? add_names(sender, need->path, real, problem) : add_file(sender, need->path, real, problem);
  free(real);
  return ok;
}

// As many bytes as the header says, also of a log that grows meanwhile.
static bool take_content(struct file_sender *sender, uint8_t *to, size_t room, size_t *count, struct problem *problem) {
  ssize_t got = read(sender->file, to, sender->left < room ? (size_t)sender->left : room);
  if (got < 0) return errno == EINTR || fail_system(problem, errno, "read");
  if (got == 0)
    return fail_about(problem, "protocol_error", (const char *[2]){"file ", " changed while it was read"}, sender->file_path,
                      "run the command again when nothing writes to the file");
  *count = (size_t)got;
  sender->left -= *count;
  if (sender->left > 0) return true;
  close(sender->file);
  sender->file = -1;
  return true;
}

static bool step(struct file_sender *sender, struct problem *problem) {
  if (sender->depth == 0 && sender->next < sender->needs->count) return begin_need(sender, problem);
  if (sender->depth == 0) {
    sender->over = true;
    return true;
  }
  struct directory *directory = &sender->above[sender->depth - 1];
  if (directory->at < directory->count) return add_child(sender, problem);
  forget(directory);
  sender->depth -= 1;
  return true;
}

bool file_sender_take(struct file_sender *sender, uint8_t *to, size_t room, size_t *count, struct problem *problem) {
  *count = 0;
  while (*count == 0) {
    size_t held = bytes_held(&sender->header);
    if (held > 0) {
      *count = held < room ? held : room;
      memcpy(to, bytes_first(&sender->header), *count);
      bytes_take(&sender->header, *count);
    } else if (sender->file >= 0) {
      if (!take_content(sender, to, room, count, problem)) return false;
    } else if (sender->over) {
      return true;
    } else if (!step(sender, problem)) {
      return false;
    }
  }
  return true;
}
