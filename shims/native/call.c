#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ending.h"
#include "text.h"

#define EXIT_MAX 255
/** Bytes of ours that the kernel has not taken: no file is read ahead of that. */
#define AHEAD_BYTES_MAX (4 * DATA_BYTES_MAX)

void call_begin(struct call *call, struct connection *connection, struct outlet outlets[2], const char *cwd, struct facts *facts) {
  const struct inflow inflow = {.window = WINDOW_BYTES};
  const struct outflow outflow = {.credit = WINDOW_BYTES};
  memset(call, 0, sizeof *call);
  call->connection = connection;
  call->cwd = cwd;
  call->facts = facts;
  call->outputs[0] = call->outputs[1] = call->files_in = inflow;
  call->input = call->files_out = outflow;
  call->outlets[0] = &outlets[0];
  call->outlets[1] = &outlets[1];
  call->sender.over = true;
  call->handoff.socket = -1;
}

static void send_frame(const struct call *call, uint8_t type, uint8_t channel, const void *payload, size_t count) {
  connection_send(call->connection, &(struct frame){.type = type,
                                                    .channel = channel,
                                                    .stream = call->connection->stream,
                                                    .payload = payload,
                                                    .length = (uint32_t)count});
}

static void send_control(const struct call *call, uint8_t type, const char *key, const char *value) {
  char json[80];
  int count = snprintf(json, sizeof json, "{\"%s\":\"%s\"}", key, value);
  send_frame(call, type, 0, json, (size_t)count);
}

void call_signal(const struct call *call, const char *name) { send_control(call, FRAME_SIGNAL, "signal", name); }

void call_cancel(const struct call *call, const char *reason) { send_control(call, FRAME_CANCEL, "reason", reason); }

void call_resize(const struct call *call, uint16_t columns, uint16_t rows) {
  const uint8_t size[] = {(uint8_t)(columns >> 8), (uint8_t)columns, (uint8_t)(rows >> 8), (uint8_t)rows};
  send_frame(call, FRAME_RESIZE, 0, size, sizeof size);
}

void call_trouble(struct call *call, bool pipe_closed) {
  // The first trouble is the one that is told, and an end that was refused is one.
  if (call->in_trouble || call->end == END_REFUSED) return;
  call->in_trouble = true;
  call->pipe_closed = pipe_closed;
  if (call->end != END_NONE) return;
  if (pipe_closed) call_signal(call, "PIPE");
  else call_cancel(call, "the caller cannot go on");
}

static void take(struct call *call, struct inflow *flow, uint8_t channel, size_t count) {
  uint8_t payload[4];
  // What came in no frame took no credit.
  if (channel == CHANNEL_STDOUT && call->handoff.taken) return;
  flow->taken += (uint32_t)count;
  if (flow->taken < WINDOW_BYTES / 2 || flow->ended || call->end != END_NONE) return;
  write_u32(payload, flow->taken);
  flow->window += flow->taken;
  flow->taken = 0;
  send_frame(call, FRAME_CREDIT, channel, payload, sizeof payload);
}

void call_write(struct call *call, size_t output, const uint8_t *bytes, size_t count) {
  struct outlet *outlet = call->outlets[output];
  bool worked = outlet->error == 0;
  take(call, &call->outputs[output], (uint8_t)(CHANNEL_STDOUT + output), outlet_write(outlet, bytes, count));
  if (output == 0 && outlet->error != 0) handoff_close(&call->handoff);
  if (!worked || outlet->error == 0 || call->in_trouble || call->end == END_REFUSED) return;
  bool closed = outlet->error == EPIPE || outlet->error == ECONNRESET;
  if (!closed) fail_system(&call->problem, outlet->error, "write");
  call_trouble(call, closed);
}

void call_read_handoff(struct call *call) {
  const uint8_t *bytes;
  size_t count = handoff_pass(&call->handoff, call->outlets[0], &bytes);
  if (count > 0) call_write(call, 0, bytes, count);
}

static void take_files(struct call *call, const struct frame *frame) {
  bool ok = receive_files(&call->receiver, frame->payload, frame->length, &call->problem);
  if (ok && (frame->flags & FLAG_FIN) != 0) ok = file_reader_finish(&call->receiver.reader, &call->problem);
  if (!ok) call_trouble(call, false);
}

static bool on_data(struct call *call, const struct frame *frame) {
  bool output = frame->channel == CHANNEL_STDOUT || frame->channel == CHANNEL_STDERR;
  if (!output && frame->channel != CHANNEL_FILES) return fail_protocol(&call->problem, "data on an unknown channel");
  if (!output && !call->running) return fail_protocol(&call->problem, "files before their call runs");
  size_t which = output ? (size_t)(frame->channel - CHANNEL_STDOUT) : 0;
  struct inflow *flow = output ? &call->outputs[which] : &call->files_in;
  if (flow->ended) return fail_protocol(&call->problem, "data after the end of its channel");
  if (frame->length > 0 && frame->channel == CHANNEL_STDOUT && call->handoff.taken)
    return fail_protocol(&call->problem, "output in frames that was handed over");
  if (frame->length > flow->window) return fail(&call->problem, "flow_control", "data beyond the credit given", NULL);
  flow->window -= frame->length;
  if (output) {
    call_write(call, which, frame->payload, frame->length);
  } else {
    if (!call->in_trouble) take_files(call, frame);
    take(call, flow, CHANNEL_FILES, frame->length);
  }
  flow->ended = (frame->flags & FLAG_FIN) != 0;
  return true;
}

static bool on_status(struct call *call, const struct json *json) {
  if (call->running && json_is(json_text_of(json, &json->values[0], "state"), "handoff")) {
    if (handoff_take(&call->handoff, json, &call->problem)) return true;
    if (problem_is(&call->problem, "protocol_error")) return false;
    call_trouble(call, false);
    return true;
  }
  if (call->running || !json_is(json_text_of(json, &json->values[0], "state"), "running")) return true;
  if (!needs_read(&call->needs, json, json_member(json, &json->values[0], "needs"), &call->problem)) return false;
  call->running = true;
  call->receiver.needs = &call->needs;
  call->receiver.cwd = call->cwd;
  file_sender_begin(&call->sender, &call->needs, call->cwd);
  call->files_out.ended = call->sender.over;
  call_send_files(call);
  return true;
}

static void refuse(struct call *call) { call->end = END_REFUSED; }

static bool on_end_of_tool(struct call *call, const struct json *json, struct problem *problem) {
  const struct json_value *root = &json->values[0], *code = json_member(json, root, "exit");
  const struct json_text *signal = json_text_of(json, root, "signal");
  call->signal = signal == NULL ? NULL : signal_known(signal);
  bool is_code = code != NULL && code->type == JSON_NUMBER && code->number >= 0 && code->number <= EXIT_MAX;
  if ((signal != NULL && call->signal == NULL) || !is_code || code->number != (int)code->number)
    return fail_protocol(problem, "a call that ended in no way a process can");
  call->exit = (int)code->number;
  call->end = END_OF_TOOL;
  if (call->in_trouble || !call->running || file_reader_finish(&call->receiver.reader, &call->problem)) return true;
  call_trouble(call, false);
  return true;
}

static bool on_end(struct call *call, const struct json *json) {
  const struct json_value *root = &json->values[0], *ok = json_member(json, root, "ok"), *error = json_member(json, root, "error");
  if (ok != NULL && ok->type == JSON_TRUE) return on_end_of_tool(call, json, &call->problem);
  // What kept this process from going on was there first.
  if (call->in_trouble) {
    call->end = END_OF_TOOL;
    return true;
  }
  problem_from_wire(&call->problem, json, error);
  if (problem_is(&call->problem, "facts_needed")) call->facts_wanted = facts_ask(call->facts, json, json_member(json, error, "facts"));
  refuse(call);
  return true;
}

static void on_reset(struct call *call, const struct frame *frame) {
  struct problem why;
  char words[80];
  const char *name = problem_name_of(frame->length == 4 ? read_u32(frame->payload) : 0);
  snprintf(words, sizeof words, "the call was cut off (%s)", name);
  for (char *at = words; *at != 0; at += 1)
    if (*at == '_') *at = ' ';
  if (strcmp(name, "token_revoked") == 0)
    fail(&why, name, "the call was cut off: the token of this session was revoked",
         "retrying will not help; a human has to start a new `turret run`");
  else fail(&why, name, words, NULL);
  call_lose(call, &why);
}

void call_lose(struct call *call, const struct problem *why) {
  if (call->end != END_NONE) return;
  if (call->in_trouble) {
    call->end = END_OF_TOOL;
    return;
  }
  call->problem = *why;
  refuse(call);
}

static bool on_control(struct call *call, const struct frame *frame) {
  struct json json;
  bool ok = json_read_control(&json, frame->payload, frame->length, &call->problem);
  if (ok && frame->type == FRAME_STATUS) ok = on_status(call, &json);
  if (ok && frame->type == FRAME_END) ok = on_end(call, &json);
  if (ok && frame->type == FRAME_FATAL) {
    struct problem why;
    problem_from_wire(&why, &json, &json.values[0]);
    call_lose(call, &why);
  }
  json_free(&json);
  return ok;
}

bool call_frame(struct call *call, const struct frame *frame) {
  if (frame->stream == 0) {
    if (frame->type == FRAME_PING && (frame->flags & FLAG_ACK) == 0) {
      struct frame answer = *frame;
      answer.flags = FLAG_ACK;
      answer.channel = 0;
      connection_send(call->connection, &answer);
    }
    return frame->type != FRAME_FATAL || on_control(call, frame);
  }
  // Frames of a call that is over may still be on their way.
  if (frame->stream != call->connection->stream || call->end != END_NONE) return true;
  switch (frame->type) {
    case FRAME_DATA: return on_data(call, frame);
    case FRAME_CREDIT:
      return credit_add(frame->channel == CHANNEL_FILES ? &call->files_out.credit : &call->input.credit, frame, &call->problem);
    case FRAME_STATUS:
    case FRAME_END: return on_control(call, frame);
    case FRAME_RESET: on_reset(call, frame); return true;
    default: return frame->type >= FRAME_IGNORABLE || fail_protocol(&call->problem, "unexpected frame on a call");
  }
}

static void send_data(struct call *call, struct outflow *flow, uint8_t channel, const uint8_t *bytes, size_t count) {
  flow->credit -= (uint32_t)count;
  flow->ended = count == 0;
  connection_send(call->connection, &(struct frame){.type = FRAME_DATA,
                                                    .flags = flow->ended ? FLAG_FIN : 0,
                                                    .channel = channel,
                                                    .stream = call->connection->stream,
                                                    .payload = bytes,
                                                    .length = (uint32_t)count});
}

void call_input(struct call *call, const uint8_t *bytes, size_t count) { send_data(call, &call->input, CHANNEL_STDIN, bytes, count); }

void call_send_files(struct call *call) {
  static uint8_t piece[DATA_BYTES_MAX];
  while (call->running && call->end == END_NONE && !call->in_trouble && !call->files_out.ended && call->files_out.credit > 0 &&
         bytes_held(&call->connection->out) < AHEAD_BYTES_MAX) {
    size_t count, room = call->files_out.credit < DATA_BYTES_MAX ? call->files_out.credit : DATA_BYTES_MAX;
    if (!file_sender_take(&call->sender, piece, room, &count, &call->problem)) return call_trouble(call, false);
    send_data(call, &call->files_out, CHANNEL_FILES, piece, count);
  }
}
