// The broker is trusted only after its key matched the sid in the token *and* signed our nonce.

#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "text.h"

/** Time before a client that was turned away tries again. */
#define TURNED_AWAY_MS 50
#define CALL_HEAD_BYTES (8 + SIGNATURE_BYTES)

double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

// --- the socket ------------------------------------------------------------------------------------------------------------------

static int connect_to(const struct address *address) {
  int family = address->path == NULL ? AF_INET : AF_UNIX;
  struct sockaddr_un path = {.sun_family = AF_UNIX};
  struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons(address->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (address->path != NULL) {
    if (strlen(address->path) >= sizeof path.sun_path) return -1;
    memcpy(path.sun_path, address->path, strlen(address->path));
  }
  int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  // In a crowd the broker's queue is full for a moment: connect waits, as long as an answer may take.
  struct timeval most = {.tv_sec = BROKER_ANSWER_MS_MAX / 1000};
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
  int on = 1;
  if (family == AF_INET) setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int ended = family == AF_UNIX ? connect(made, (struct sockaddr *)&path, sizeof path) : connect(made, (struct sockaddr *)&port, sizeof port);
  if (ended == 0) return made;
  close(made);
  return -1;
}

void connection_send(struct connection *connection, const struct frame *frame) { frame_add(&connection->out, frame); }

bool connection_flush(struct connection *connection) {
  while (bytes_held(&connection->out) > 0) {
    ssize_t sent = send(connection->socket, bytes_first(&connection->out), bytes_held(&connection->out), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    bytes_take(&connection->out, (size_t)sent);
  }
  return true;
}

enum receive_outcome connection_receive(struct connection *connection) {
  size_t room;
  uint8_t *to = frame_reader_room(&connection->in, &room);
  ssize_t got = recv(connection->socket, to, room, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return RECEIVED_NOTHING;
  if (got <= 0) return RECEIVED_END;
  frame_reader_filled(&connection->in, (size_t)got);
  return RECEIVED;
}

void connection_fatal(struct connection *connection, const struct problem *problem) {
  struct bytes json = {0};
  char words[80];
  snprintf(words, sizeof words, "{\"code\":%u,\"name\":\"%s\",\"message\":", problem_code(problem), problem->name);
  bytes_add_text(&json, words);
  text_add_json(&json, (const char *)problem->message.bytes, problem->message.count);
  bytes_add_text(&json, "}");
  connection_send(connection, &(struct frame){.type = FRAME_FATAL, .payload = bytes_first(&json), .length = (uint32_t)bytes_held(&json)});
  bytes_free(&json);
  connection_flush(connection);
}

void problem_from_wire(struct problem *problem, const struct json *json, const struct json_value *from) {
  const struct json_text *name = json_text_of(json, from, "name"), *message = json_text_of(json, from, "message");
  const struct json_text *hint = json_text_of(json, from, "hint");
  fail(problem, name == NULL ? "internal" : problem_name(name->at, name->count), message == NULL ? "the peer gave no reason" : "", hint == NULL ? NULL : "");
  if (message != NULL) problem_say(&problem->message, message->at, message->count);
  if (hint != NULL) problem_say(&problem->hint, hint->at, hint->count);
}

// --- the handshake ---------------------------------------------------------------------------------------------------------------

struct attempt {
  double until_ms;
  /** The connection was taken, and nothing came. */
  bool silent;
};

static bool told_fatal(const struct frame *frame, struct problem *problem) {
  struct json json;
  if (json_read_control(&json, frame->payload, frame->length, problem)) {
    problem_from_wire(problem, &json, &json.values[0]);
    if (problem_is(problem, "internal")) broker_gone(problem, NULL);
  }
  json_free(&json);
  return false;
}

static bool wait_for(struct connection *connection, short events, double until_ms) {
  struct pollfd one = {.fd = connection->socket, .events = events};
  for (;;) {
    double left = until_ms - now_ms();
    int ready = poll(&one, 1, left > 0 ? (int)left + 1 : 0);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

static bool next_frame(struct connection *connection, struct attempt *attempt, uint8_t type, struct frame *frame, struct problem *problem) {
  for (;;) {
    enum frame_outcome outcome = frame_reader_next(&connection->in, frame, problem);
    if (outcome == FRAME_REFUSED) {
      connection_fatal(connection, problem);
      return false;
    }
    if (outcome == FRAME_READ) {
      attempt->silent = false;
      if (frame->type >= FRAME_IGNORABLE) continue;
      if (frame->type == FRAME_FATAL) return told_fatal(frame, problem);
      if (frame->type == type) return true;
      fail_protocol(problem, "unexpected frame in the handshake");
      connection_fatal(connection, problem);
      return false;
    }
    // What it said before it closed its end can still be read.
    if (!connection_flush(connection)) bytes_free(&connection->out);
    short events = bytes_held(&connection->out) > 0 ? POLLIN | POLLOUT : POLLIN;
    if (!wait_for(connection, events, attempt->until_ms)) return broker_gone(problem, "it does not answer");
    if (connection_receive(connection) == RECEIVED_END) return broker_gone(problem, NULL);
  }
}

static bool untrusted(struct problem *problem) {
  return fail(problem, "broker_untrusted", "the process behind the socket is not the broker of this token",
              "somebody else may be listening there; start a new `turret run`");
}

static void add_hello(struct bytes *hello, const struct connection *connection, const struct token *token, const char *client) {
  uint8_t nonce[NONCE_BYTES], kid[SID_BYTES];
  char text[BASE64_ROOM];
  random_bytes(nonce, sizeof nonce);
  key_id(kid, connection->key.public);
  bytes_add_text(hello, token->kind == TOKEN_ADMIN ? "{\"role\":\"admin\"" : "{\"role\":\"agent\"");
  bytes_add_text(hello, ",\"versions\":[1],\"nonce\":\"");
  to_base64url(text, nonce, sizeof nonce);
  bytes_add_text(hello, text);
  bytes_add_text(hello, "\",\"kid\":\"");
  to_base64url(text, kid, sizeof kid);
  bytes_add_text(hello, text);
  bytes_add_text(hello, "\",\"client\":");
  text_add_json(hello, client, strlen(client));
  bytes_add_text(hello, "}");
}

static void send_auth(struct connection *connection) {
  uint8_t kid[SID_BYTES], signature[SIGNATURE_BYTES];
  char text[BASE64_ROOM], json[2 * BASE64_ROOM + 32];
  key_id(kid, connection->key.public);
  to_base64url(text, kid, sizeof kid);
  int count = snprintf(json, sizeof json, "{\"kid\":\"%s\",\"sig\":\"", text);
  sign_auth(signature, &connection->key, connection->transcript);
  to_base64url(text, signature, sizeof signature);
  count += snprintf(json + count, sizeof json - (size_t)count, "%s\"}", text);
  connection_send(connection, &(struct frame){.type = FRAME_AUTH, .payload = (uint8_t *)json, .length = (uint32_t)count});
}

/** A member of a frame of the handshake, in base64url. */
static bool take_bytes(uint8_t *to, size_t count, const char *name, const struct frame *frame, struct problem *problem) {
  struct json json;
  bool ok = json_read_control(&json, frame->payload, frame->length, problem) &&
            from_base64url(to, count, name, json_text_of(&json, &json.values[0], name), problem);
  json_free(&json);
  return ok;
}

static bool greet(struct connection *connection, struct attempt *attempt, const struct token *token, const char *client,
                  struct problem *problem) {
  struct frame frame;
  struct bytes hello = {0};
  uint8_t broker[KEY_BYTES], sid[SID_BYTES], signature[SIGNATURE_BYTES];
  add_hello(&hello, connection, token, client);
  bytes_add(&connection->out, PREFACE, PREFACE_BYTES);
  connection_send(connection, &(struct frame){.type = FRAME_HELLO, .payload = bytes_first(&hello), .length = (uint32_t)bytes_held(&hello)});
  bool ok = next_frame(connection, attempt, FRAME_HELLO, &frame, problem);
  if (ok) transcript_of(connection->transcript, &hello, frame.payload, frame.length);
  bytes_free(&hello);
  if (!ok || !take_bytes(broker, sizeof broker, "broker_pub", &frame, problem)) return false;
  key_id(sid, broker);
  // Before AUTH: a stranger does not even learn whose key this is.
  if (memcmp(sid, token->sid, SID_BYTES) != 0) return untrusted(problem);
  send_auth(connection);
  // Past the limit for strangers: WELCOME names every tool of the session.
  connection->in.authenticated = true;
  if (!next_frame(connection, attempt, FRAME_WELCOME, &frame, problem)) return false;
  if (!take_bytes(signature, sizeof signature, "sig", &frame, problem)) return false;
  return verify_welcome(signature, broker, connection->transcript) || untrusted(problem);
}

bool connection_open(struct connection *connection, const struct address *address, const struct token *token, const char *client,
                     struct problem *problem) {
  double until_ms = now_ms() + BROKER_ANSWER_MS_MAX;
  signing_key_from(&connection->key, token->seed);
  for (;;) {
    double started_ms = now_ms();
    struct attempt attempt = {.until_ms = started_ms + BROKER_ANSWER_MS_MAX, .silent = true};
    connection->socket = connect_to(address);
    bool taken = connection->socket >= 0;
    if (taken ? greet(connection, &attempt, token, client, problem) : broker_gone(problem, NULL)) return true;
    if (taken) close(connection->socket);
    bytes_free(&connection->out);
    frame_reader_free(&connection->in);
    // One of a crowd: the broker had no room for one more and read nothing, or was done with waiting for a process that had no
    // processor. A broker that died takes no connection.
    double now = now_ms();
    bool turned_away = taken && attempt.silent && problem_is(problem, "broker_gone") && now < attempt.until_ms;
    if (!(turned_away || now - started_ms >= HANDSHAKE_MS_MAX) || now > until_ms) return false;
    poll(NULL, 0, TURNED_AWAY_MS);
  }
}

bool connection_call(struct connection *connection, const struct bytes *json, struct problem *problem) {
  size_t count = bytes_held(json);
  if (count + CALL_HEAD_BYTES > CONTROL_BYTES_MAX)
    return fail(problem, "invalid_params", "the command line is too long", "give long text in a file or on standard input");
  connection->stream = connection->stream == 0 ? 1 : connection->stream + 2;
  connection->counter += 1;
  struct bytes payload = {0};
  uint8_t *head = bytes_more(&payload, CALL_HEAD_BYTES);
  write_u64(head, connection->counter);
  sign_call(head + 8, &connection->key, connection->transcript, connection->stream, connection->counter, json->at + json->start, count);
  payload.end += CALL_HEAD_BYTES;
  bytes_add(&payload, json->at + json->start, count);
  connection_send(connection, &(struct frame){.type = FRAME_CALL,
                                              .flags = FLAG_SIGNED,
                                              .stream = connection->stream,
                                              .payload = bytes_first(&payload),
                                              .length = (uint32_t)bytes_held(&payload)});
  bytes_free(&payload);
  return true;
}
