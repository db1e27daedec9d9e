// One call as its caller sees it: the frames of its stream, its channels and their credit, one end.
#ifndef TURRET_CALL_H
#define TURRET_CALL_H

#include "connection.h"
#include "facts.h"
#include "handoff.h"
#include "limits.h"
#include "outlet.h"
#include "receive-files.h"
#include "send-files.h"

/** Bytes from the broker. */
struct inflow {
  /** What it may still send, and what our reader took since we last said so. */
  uint32_t window, taken;
  bool ended;
};
/** Bytes to the broker. */
struct outflow {
  uint32_t credit;
  bool ended;
};
enum end_kind { END_NONE, END_OF_TOOL, END_REFUSED };

struct call {
  struct connection *connection;
  struct outlet *outlets[2];
  const char *cwd;
  struct inflow outputs[2], files_in;
  struct outflow input, files_out;
  /** Of standard output, when that does not come in frames. */
  struct handoff handoff;
  struct needs needs;
  bool running;
  struct file_sender sender;
  struct file_receiver receiver;
  enum end_kind end;
  /** Of the tool. */
  int exit;
  const char *signal;
  /** What refused or broke the call, or kept this process from going on with it. */
  struct problem problem;
  /** How many facts END asked for. */
  size_t facts_wanted;
  struct facts *facts;
  /** This process cannot go on with the call: it was told so, and `problem` or `pipe_closed` says why. */
  bool in_trouble, pipe_closed;
};

void call_begin(struct call *call, struct connection *connection, struct outlet outlets[2], const char *cwd, struct facts *facts);
/** A frame of the connection; what is for another stream is dropped. False when the broker broke the protocol, with `problem`. */
bool call_frame(struct call *call, const struct frame *frame);
/** The connection is gone. */
void call_lose(struct call *call, const struct problem *why);
void call_signal(const struct call *call, const char *name);
void call_cancel(const struct call *call, const char *reason);
void call_resize(const struct call *call, uint16_t columns, uint16_t rows);
/** Something here failed: the tool dies as it would in a pipe of its own, or the call is taken back. */
void call_trouble(struct call *call, bool pipe_closed);
/** Writes on what waited; gives credit for it. */
void call_write(struct call *call, size_t output, const uint8_t *bytes, size_t count);
/** Standard output that is there where it was handed over. */
void call_read_handoff(struct call *call);
/** Bytes of standard input; none are its end. */
void call_input(struct call *call, const uint8_t *bytes, size_t count);
/** Sends what there is credit for of the files the call reads. */
void call_send_files(struct call *call);

#endif
