// The one program that is installed as `aws`, `gh` and every other tool a repeater serves, and as `turret`: what shims/shim.ts is, for the
// same wire, in a twentieth of the time that Node needs to start. It has no options of its own: its name is the tool, and every word belongs to
// the tool. It has no right but the agent's own, and nothing it says is believed: every check is made again behind the socket.
//
// What is rare is the Node shim's, which lies in `node` beside `bin`: the commands of `turret` but for plain calls, and output that only a
// thread can write to. It is called in our place before anything was asked of the broker, never after.

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ending.h"
#include "relay.h"
#include "self-test.h"
#include "terminal.h"
#include "text.h"

/** A resolver may learn from the first facts that it needs others. */
#define FACT_ROUNDS_MAX 3
#define CLIENT_BYTES_MAX 64

static struct relay relay;
static struct call call;
static struct connection connection;
/** Where output may be taken that does not come in frames; NULL for nowhere. */
static const char *streams;

// Node does the same at its start: the first descriptor this process opens is not to become somebody's output.
static void open_standard_streams(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor += 1)
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0) end_with(125);
}

static _Noreturn void give_up(const struct problem *problem) {
  struct problem told = *problem;
  const char *codex = getenv("CODEX_SANDBOX_NETWORK_DISABLED");
  // codex forbids its commands every socket unless told otherwise, and marks that with this variable.
  if (problem_is(problem, "broker_gone") && codex != NULL && strcmp(codex, "1") == 0)
    fail(&told, "broker_gone", "codex's own sandbox forbids sockets, so this command cannot reach its broker",
         "start codex with: -s workspace-write -c sandbox_workspace_write.network_access=true");
  struct bytes lines = {0};
  problem_lines(&told, &lines);
  relay_explain(&relay, &lines);
  end_with(problem_exit(&told));
}

/** Becomes the Node shim; returns when there is none. */
static void hand_over(const struct surroundings *here, char **argv) {
  char below[128];
  snprintf(below, sizeof below, "node/%s", here->tool);
  for (size_t at = 0; at < here->directories_count; at += 1) {
    char *program = join(here->directories[at], below);
    execv(program, argv);
    free(program);
  }
}

// --- the request -----------------------------------------------------------------------------------------------------------------

static void add_text(struct bytes *to, const char *text) { text_add_json(to, text, strlen(text)); }

/** `NAME=` of a param that is a text; 0 for any other word. */
static size_t name_of_param(const char *word) {
  size_t count = isalpha((unsigned char)word[0]) || word[0] == '_' ? 1 : 0;
  while (count > 0 && word[count] != 0 && (isalnum((unsigned char)word[count]) || strchr("_-", word[count]) != NULL)) count += 1;
  return word[count] == '=' ? count : 0;
}

/** `turret call ACTION [NAME=VALUE…]`, each name once. */
static bool is_plain_call(int argc, char **argv) {
  if (argc < 3 || strcmp(argv[1], "call") != 0 || argc - 3 > PARAMS_MAX) return false;
  for (int at = 3; at < argc; at += 1) {
    size_t count = name_of_param(argv[at]);
    if (count == 0) return false;
    for (int before = 3; before < at; before += 1)
      if (strncmp(argv[before], argv[at], count + 1) == 0) return false;
  }
  return true;
}

static void add_action(struct bytes *to, int argc, char **argv) {
  bytes_add_text(to, "{\"action\":");
  add_text(to, argv[2]);
  bytes_add_text(to, ",\"params\":{");
  for (int at = 3; at < argc; at += 1) {
    size_t count = name_of_param(argv[at]);
    bytes_add_text(to, at == 3 ? "" : ",");
    text_add_json(to, argv[at], count);
    bytes_add_text(to, ":");
    add_text(to, argv[at] + count + 1);
  }
  bytes_add_text(to, "}");
}

static void add_command_line(struct bytes *to, const char *tool, int argc, char **argv) {
  bytes_add_text(to, "{\"tool\":");
  add_text(to, tool);
  bytes_add_text(to, ",\"argv\":[");
  for (int at = 1; at < argc; at += 1) {
    bytes_add_text(to, at == 1 ? "" : ",");
    add_text(to, argv[at]);
  }
  bytes_add_text(to, "]");
}

static void add_place(struct bytes *to, const struct surroundings *here) {
  if (streams != NULL) bytes_add_text(to, ",\"handoff\":true");
  bytes_add_text(to, ",\"cwd\":");
  add_text(to, here->cwd);
  terminal_add(to);
}

/** Of a session whose broker has a socket. */
static const char *streams_beside(const char *socket) {
  const char *end = socket == NULL ? NULL : strrchr(socket, '/');
  if (end == NULL) return NULL;
  char *directory = memory_text(socket);
  directory[end - socket] = 0;
  char *there = join(directory, "streams");
  free(directory);
  return there;
}

// --- the call --------------------------------------------------------------------------------------------------------------------

static void ask(const struct bytes *request, struct facts *facts, const char *cwd) {
  struct bytes json = {0};
  bytes_add(&json, request->at + request->start, bytes_held(request));
  facts_add(&json, facts);
  bytes_add_text(&json, "}");
  call_begin(&call, &connection, relay.outlets, cwd, facts);
  call.handoff.directory = streams;
  if (!connection_call(&connection, &json, &call.problem)) give_up(&call.problem);
  bytes_free(&json);
  relay_call(&relay, &call);
}

static _Noreturn void perform(const struct bytes *request, const char *cwd) {
  static struct facts facts;
  for (int round = 0;; round += 1) {
    ask(request, &facts, cwd);
    if (call.end != END_REFUSED || call.facts_wanted == 0 || round >= FACT_ROUNDS_MAX) break;
    facts_gather(&facts, relay.signals);
  }
  if (call.pipe_closed) end_by_signal("PIPE");
  if (call.in_trouble || call.end == END_REFUSED) give_up(&call.problem);
  if (call.signal != NULL) end_by_signal(call.signal);
  end_with(call.exit);
}

int main(int argc, char **argv) {
  struct problem problem;
  struct surroundings here;
  struct token token;
  struct address address;
  signals_reset();
  open_standard_streams();
  bool free_of_threads = outlet_open(&relay.outlets[1], 2) && outlet_open(&relay.outlets[0], 1);
  if (!crypto_begin()) fail(&problem, "internal", "something broke: libsodium does not start", NULL), give_up(&problem);
  if (!look_around(&here, &problem)) give_up(&problem);
  if (strcmp(here.tool, SELF_TEST_NAME) == 0) return self_test();
  bool is_turret = strcmp(here.tool, "turret") == 0;
  bool rare = is_turret && !is_plain_call(argc, argv);
  if (rare || !free_of_threads) hand_over(&here, argv);
  if (rare) fail(&problem, "internal", "something broke: the shim for this command is not beside this one", NULL), give_up(&problem);
  // A crash would leave the token in a file.
  setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
  char client[CLIENT_BYTES_MAX + 1];
  snprintf(client, sizeof client, is_turret ? "turret call" : "shim %s", here.tool);
  if (!locate(&here, &token, &address, &problem)) give_up(&problem);
  streams = streams_beside(address.path);
  if (!connection_open(&connection, &address, &token, client, &problem)) give_up(&problem);
  struct window window;
  if (window_size(&window)) relay.window = (struct window_seen){window.columns, window.rows};
  relay.connection = &connection;
  relay.signals = signals_begin();
  struct bytes request = {0};
  if (is_turret) add_action(&request, argc, argv);
  else add_command_line(&request, here.tool, argc, argv);
  add_place(&request, &here);
  perform(&request, here.cwd);
}
