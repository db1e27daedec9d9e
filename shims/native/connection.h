// The client's end of TRT/1: prove the token, be shown the broker's proof, make signed calls.
#ifndef TURRET_CONNECTION_H
#define TURRET_CONNECTION_H

#include "frames.h"
#include "handshake.h"
#include "locate.h"

/** A broker that does not read is not answered any more: what waits for it stays in bounds. */
#define BACKLOG_BYTES_MAX 1048576

struct connection {
  int socket;
  struct frame_reader in;
  struct bytes out;
  struct signing_key key;
  uint8_t transcript[HASH_BYTES];
  uint32_t stream;
  uint64_t counter;
};

/** `client` is for the log. broker_gone, broker_untrusted, unauthenticated, token_revoked, token_expired, or what the broker broke. */
bool connection_open(struct connection *connection, const struct address *address, const struct token *token, const char *client,
                     struct problem *problem);
/** Sends a signed CALL on a new stream. invalid_params when it fits in no frame. */
bool connection_call(struct connection *connection, const struct bytes *json, struct problem *problem);
void connection_send(struct connection *connection, const struct frame *frame);
/** As much as the kernel takes now. False when the other end is gone. */
bool connection_flush(struct connection *connection);
enum receive_outcome { RECEIVED, RECEIVED_NOTHING, RECEIVED_END };
/** What is there now. */
enum receive_outcome connection_receive(struct connection *connection);
/** Tells the broker which rule it broke; nobody waits for it to read that. */
void connection_fatal(struct connection *connection, const struct problem *problem);
/** What the broker said with FATAL or at the end of a call. */
void problem_from_wire(struct problem *problem, const struct json *json, const struct json_value *from);

/** Milliseconds of a clock that nobody sets. */
double now_ms(void);

#endif
