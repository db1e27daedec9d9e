#include "facts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connection.h"
#include "ending.h"
#include "text.h"

#define NAME_CHARACTERS_MAX 64
#define GIT_MS_MAX 2000
#define GIT_BYTES_MAX 1048576
#define LOOK_AGAIN_MS 1

static const char *const VARIABLES[] = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_OUTPUT",
                                        "GH_REPO",    "GH_HOST",            "TZ",          "LANG",                "LC_ALL"};

/** Some git, on its way to an answer. */
struct inquiry {
  struct fact *fact;
  pid_t process;
  int output;
  struct bytes told;
  bool over;
};

static bool is_name(const struct json_text *text) {
  bool ok = text->count > 0 && text->count <= NAME_CHARACTERS_MAX && isalpha((unsigned char)text->at[0]);
  for (size_t at = 1; ok && at < text->count; at += 1)
    ok = text->at[at] != 0 && (isalnum((unsigned char)text->at[at]) || strchr("_.*-", text->at[at]) != NULL);
  return ok;
}

size_t facts_ask(struct facts *facts, const struct json *json, const struct json_value *names) {
  size_t texts = 0;
  if (names == NULL || names->type != JSON_ARRAY) return 0;
  for (const struct json_value *at = json_first(json, names); at != NULL; at = json_next(json, at)) {
    if (at->type != JSON_STRING) continue;
    texts += 1;
    if (!is_name(&at->text)) continue;
    size_t known = 0;
    while (known < facts->count && !json_is(&at->text, facts->list[known].name)) known += 1;
    if (known < facts->count) {
      free(facts->list[known].answer);
      facts->list[known].answer = NULL;
    } else if (facts->count < FACTS_KEPT_MAX) {
      facts->list[facts->count++] = (struct fact){.name = memory_text(at->text.at)};
    }
  }
  return texts;
}

/** A value that is too long is none: half a name would be another name. */
static char *variable(const char *name) {
  const char *value = "";
  for (size_t at = 0; at < sizeof VARIABLES / sizeof VARIABLES[0]; at += 1)
    if (strcmp(VARIABLES[at], name) == 0) value = getenv(name);
  return memory_text(value == NULL || strlen(value) > FACT_BYTES_MAX ? "" : value);
}

/** The words of git that answer it, NULL behind them; false for none. */
static bool git_words(const char *name, const char *words[5]) {
  static const char MARK[] = ".gh-resolved", REMOTE[] = "git.config.remote.";
  size_t count = strlen(name);
  const char *const *found = NULL;
  static const char *const REMOTES[] = {"git", "remote", "-v", NULL}, *const BRANCH[] = {"git", "branch", "--show-current", NULL},
                           *const MARKS[] = {"git", "config", "--get-regexp", "^remote\\..*\\.gh-resolved$", NULL};
  if (strcmp(name, "git.remotes") == 0) found = REMOTES;
  else if (strcmp(name, "git.branch") == 0) found = BRANCH;
  else if (strcmp(name, "git.config.remote.*.gh-resolved") == 0) found = MARKS;
  for (size_t at = 0; found != NULL && at < 5; at += 1)
    if ((words[at] = found[at]) == NULL) break;
  if (found != NULL) return true;
  // A remote's name between the two, without a star.
  bool marked = strncmp(name, REMOTE, sizeof REMOTE - 1) == 0 && count > sizeof REMOTE - 1 + sizeof MARK - 1 &&
                strcmp(name + count - (sizeof MARK - 1), MARK) == 0 && strchr(name, '*') == NULL;
  if (!marked) return false;
  const char *const asked[] = {"git", "config", "--get", name + strlen("git.config."), NULL};
  memcpy(words, asked, sizeof asked);
  return true;
}

/** Ours, but for what makes git ask nobody and speak English. */
static char **git_environment(void) {
  static const char *const SET[] = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"};
  size_t count = 0, kept = 0;
  while (environ[count] != NULL) count += 1;
  char **made = memory((count + 4) * sizeof *made);
  for (size_t at = 0; at < count; at += 1) {
    bool replaced = false;
    for (size_t set = 0; set < 3; set += 1)
      replaced = replaced || strncmp(environ[at], SET[set], strcspn(SET[set], "=") + 1) == 0;
    if (!replaced) made[kept++] = environ[at];
  }
  for (size_t set = 0; set < 3; set += 1) made[kept++] = memory_text(SET[set]);
  made[kept] = NULL;
  return made;
}

// No git, no repository, no answer in time: the same as no answer.
static bool start_git(struct inquiry *inquiry, const char *const words[5]) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // Its words are not changed: the interface is older than const.
  int failed = posix_spawnp(&inquiry->process, "git", &actions, &attributes, (char *const *)(uintptr_t)words, git_environment());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  inquiry->output = ends[0];
  if (failed == 0) return true;
  close(ends[0]);
  return false;
}

static void read_git(struct inquiry *inquiry) {
  uint8_t *to = bytes_more(&inquiry->told, DATA_BYTES_MAX);
  ssize_t got = read(inquiry->output, to, DATA_BYTES_MAX);
  if (got < 0 && errno == EINTR) return;
  if (got > 0) inquiry->told.end += (size_t)got;
  inquiry->over = got <= 0 || bytes_held(&inquiry->told) > GIT_BYTES_MAX;
}

/** As many lines as fit. */
static char *lines_of(struct bytes *told) {
  while (bytes_held(told) > 0 && isspace(told->at[told->end - 1])) told->end -= 1;
  while (bytes_held(told) > FACT_BYTES_MAX) {
    const uint8_t *last = memrchr(bytes_first(told), '\n', bytes_held(told));
    told->end = last == NULL ? told->start : (size_t)(last - told->at);
  }
  bytes_add(told, "", 1);
  return memory_text((const char *)bytes_first(told));
}

static void end_git(struct inquiry *inquiry, double until_ms) {
  int status = 0;
  close(inquiry->output);
  pid_t ended;
  while ((ended = waitpid(inquiry->process, &status, WNOHANG)) == 0 && inquiry->over && now_ms() < until_ms) poll(NULL, 0, LOOK_AGAIN_MS);
  if (ended == 0) {
    kill(inquiry->process, SIGKILL);
    waitpid(inquiry->process, &status, 0);
  }
  bool told = ended == inquiry->process && inquiry->over && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
              bytes_held(&inquiry->told) <= GIT_BYTES_MAX;
  inquiry->fact->answer = told ? lines_of(&inquiry->told) : memory_text("");
  bytes_free(&inquiry->told);
}

static void wait_for_git(struct inquiry *inquiries, size_t count, int signals, double until_ms) {
  struct pollfd polled[FACTS_KEPT_MAX + 1];
  for (;;) {
    size_t open = 0;
    for (size_t at = 0; at < count; at += 1) {
      polled[at] = (struct pollfd){.fd = inquiries[at].over ? -1 : inquiries[at].output, .events = POLLIN};
      open += !inquiries[at].over;
    }
    double left = until_ms - now_ms();
    if (open == 0 || left <= 0) return;
    polled[count] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(polled, count + 1, (int)left + 1) <= 0) continue;
    const char *signal = polled[count].revents != 0 ? signals_next(signals) : NULL;
    if (signal != NULL && strcmp(signal, "WINCH") != 0) end_by_signal(signal);
    for (size_t at = 0; at < count; at += 1)
      if (polled[at].revents != 0) read_git(&inquiries[at]);
  }
}

void facts_gather(struct facts *facts, int signals) {
  struct inquiry inquiries[FACTS_KEPT_MAX];
  size_t count = 0;
  const char *words[5];
  for (size_t at = 0; at < facts->count; at += 1) {
    struct fact *fact = &facts->list[at];
    if (fact->answer != NULL) continue;
    inquiries[count] = (struct inquiry){.fact = fact};
    if (strncmp(fact->name, "env.", 4) == 0) fact->answer = variable(fact->name + 4);
    else if (git_words(fact->name, words) && start_git(&inquiries[count], words)) count += 1;
    else fact->answer = memory_text("");
  }
  double until_ms = now_ms() + GIT_MS_MAX;
  wait_for_git(inquiries, count, signals, until_ms);
  for (size_t at = 0; at < count; at += 1) end_git(&inquiries[at], until_ms);
}

void facts_add(struct bytes *to, const struct facts *facts) {
  for (size_t at = 0; at < facts->count; at += 1) {
    bytes_add_text(to, at == 0 ? ",\"facts\":{" : ",");
    text_add_json(to, facts->list[at].name, strlen(facts->list[at].name));
    bytes_add_text(to, ":");
    text_add_json(to, facts->list[at].answer, strlen(facts->list[at].answer));
  }
  if (facts->count > 0) bytes_add_text(to, "}");
}
