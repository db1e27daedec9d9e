// One thread, one poll: nothing in here waits for anything but at that one place.

#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ending.h"
#include "terminal.h"

/** A reader that takes nothing does not keep the news from the shell that the broker is gone. */
#define LAST_WORDS_MS 400
#define EXPLAIN_MS_MAX 300

enum { SOCKET, SIGNALS, OUTPUT, ERRORS, INPUT, HANDED_OVER, POLLED };

struct turn {
  struct relay *relay;
  struct call *call;
  /** No more comes from the broker. */
  bool deaf;
  /** Our own description of standard input, once the call reads it. */
  int input;
  /** When nobody waits any more; 0 for never. */
  double until_ms;
};

// A pipe is opened once more for ourselves, so that the next process that reads it does not find it non-blocking.
static int open_input(void) {
  struct stat found;
  int own = fstat(0, &found) == 0 && S_ISFIFO(found.st_mode) ? open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
  return own >= 0 ? own : 0;
}

// The first ^C is a signal like any other; the second one cancels, because whoever types it has stopped believing in the first.
static void interrupt(struct turn *turn) {
  struct relay *relay = turn->relay;
  double now = now_ms();
  if (relay->interrupted_ms == 0 || now - relay->interrupted_ms > INTERRUPT_TWICE_MS) {
    relay->interrupted_ms = now;
    call_signal(turn->call, "INT");
    return;
  }
  call_cancel(turn->call, "interrupted twice");
  connection_flush(relay->connection);
  end_by_signal("INT");
}

static void resize(struct turn *turn) {
  struct window window;
  struct window_seen *seen = &turn->relay->window;
  if (!window_size(&window) || (window.columns == seen->columns && window.rows == seen->rows)) return;
  *seen = (struct window_seen){window.columns, window.rows};
  if (turn->call->end == END_NONE) call_resize(turn->call, window.columns, window.rows);
}

static void take_signals(struct turn *turn) {
  for (const char *name; (name = signals_next(turn->relay->signals)) != NULL;) {
    if (strcmp(name, "WINCH") == 0) resize(turn);
    // Without a call a signal does what it does to any process.
    else if (turn->call->end != END_NONE) end_by_signal(name);
    else if (strcmp(name, "INT") == 0) interrupt(turn);
    else call_signal(turn->call, name);
  }
}

static void take_frames(struct turn *turn) {
  struct connection *connection = turn->relay->connection;
  struct frame frame;
  struct problem problem;
  enum receive_outcome outcome = connection_receive(connection);
  if (outcome == RECEIVED_NOTHING) return;
  if (outcome == RECEIVED_END) {
    turn->deaf = true;
    broker_gone(&problem, NULL);
    call_lose(turn->call, &problem);
    return;
  }
  for (;;) {
    enum frame_outcome read = frame_reader_next(&connection->in, &frame, &problem);
    if (read == FRAME_MORE) return;
    bool ok = read == FRAME_READ && call_frame(turn->call, &frame);
    if (ok) continue;
    if (read == FRAME_READ) problem = turn->call->problem;
    connection_fatal(connection, &problem);
    call_lose(turn->call, &problem);
    turn->deaf = true;
    return;
  }
}

static void take_input(struct turn *turn) {
  static uint8_t piece[DATA_BYTES_MAX];
  struct call *call = turn->call;
  size_t room = call->input.credit < sizeof piece ? call->input.credit : sizeof piece;
  ssize_t got = read(turn->input, piece, room);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  // A directory, or a terminal that hung up: the tool finds an empty input.
  call_input(call, piece, got > 0 ? (size_t)got : 0);
}

static bool wants_input(struct turn *turn) {
  const struct call *call = turn->call;
  bool wanted = call->running && call->needs.input && call->end == END_NONE && !call->in_trouble && !call->input.ended &&
                call->input.credit > 0 && bytes_held(&turn->relay->connection->out) < WINDOW_BYTES;
  if (wanted && turn->input < 0) turn->input = open_input();
  return wanted;
}

/** Nothing more will come for it, or can be written to it. */
static bool settled(const struct call *call, size_t output) {
  const struct outlet *outlet = call->outlets[output];
  bool elsewhere = output == 0 && call->handoff.taken && call->end != END_REFUSED;
  bool ended = elsewhere ? handoff_over(&call->handoff) : call->outputs[output].ended || call->end != END_NONE;
  return outlet->error != 0 || (ended && !outlet_waits(outlet));
}

static bool is_over(struct turn *turn) {
  struct call *call = turn->call;
  bool all = settled(call, 0) && settled(call, 1);
  bool broken = call->in_trouble || call->end == END_REFUSED;
  if (broken && turn->until_ms == 0) turn->until_ms = now_ms() + LAST_WORDS_MS;
  if (broken) return all || now_ms() >= turn->until_ms;
  return call->end == END_OF_TOOL && all;
}

static struct pollfd polled(int descriptor, bool wanted, short events) {
  return (struct pollfd){.fd = wanted ? descriptor : -1, .events = events};
}

static void wait_and_act(struct turn *turn) {
  struct relay *relay = turn->relay;
  struct call *call = turn->call;
  size_t backlog = bytes_held(&relay->connection->out);
  short socket_events = (short)((backlog < BACKLOG_BYTES_MAX ? POLLIN : 0) | (backlog > 0 ? POLLOUT : 0));
  struct pollfd all[POLLED] = {
      [SOCKET] = polled(relay->connection->socket, !turn->deaf, socket_events),
      [SIGNALS] = polled(relay->signals, true, POLLIN),
      [OUTPUT] = polled(relay->outlets[0].descriptor, outlet_waits(&relay->outlets[0]), POLLOUT),
      [ERRORS] = polled(relay->outlets[1].descriptor, outlet_waits(&relay->outlets[1]), POLLOUT),
  };
  bool wanted = wants_input(turn);
  all[INPUT] = polled(turn->input, wanted, POLLIN);
  // Read no faster than it is taken.
  bool held = call->handoff.held > 0;
  all[HANDED_OVER] = polled(held ? relay->outlets[0].descriptor : call->handoff.socket, !outlet_waits(&relay->outlets[0]), held ? POLLOUT : POLLIN);
  double left = turn->until_ms - now_ms();
  int ready = poll(all, POLLED, turn->until_ms == 0 ? -1 : left > 0 ? (int)left + 1 : 0);
  if (ready <= 0) return;
  if (all[SIGNALS].revents != 0) take_signals(turn);
  for (size_t output = 0; output < 2; output += 1)
    if (all[OUTPUT + output].revents != 0) call_write(call, output, NULL, 0);
  if (all[INPUT].revents != 0) take_input(turn);
  if (all[HANDED_OVER].revents != 0) call_read_handoff(call);
  // A broker that closed its end may have said why before.
  if ((all[SOCKET].revents & POLLOUT) != 0 && !connection_flush(relay->connection)) bytes_free(&relay->connection->out);
  if ((all[SOCKET].revents & ~POLLOUT) != 0) take_frames(turn);
}

void relay_call(struct relay *relay, struct call *call) {
  struct turn turn = {.relay = relay, .call = call, .input = -1};
  while (!is_over(&turn)) {
    call_send_files(call);
    if (!connection_flush(relay->connection)) bytes_free(&relay->connection->out);
    wait_and_act(&turn);
  }
  connection_flush(relay->connection);
}

void relay_explain(struct relay *relay, const struct bytes *words) {
  struct outlet *errors = &relay->outlets[1];
  double until_ms = now_ms() + EXPLAIN_MS_MAX, left;
  outlet_write(errors, words->at + words->start, bytes_held(words));
  while (outlet_waits(errors) && errors->error == 0 && (left = until_ms - now_ms()) > 0) {
    struct pollfd one = {.fd = errors->descriptor, .events = POLLOUT};
    if (poll(&one, 1, (int)left + 1) > 0) outlet_write(errors, NULL, 0);
  }
}
