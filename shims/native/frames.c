#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

#define VERSION 0x01
#define FLAGS_KNOWN (FLAG_FIN | FLAG_SIGNED | FLAG_ACK)
/** Four frames of data: what a socket holds is taken with one call. */
#define READ_BYTES (4 * (size_t)(HEADER_BYTES + DATA_BYTES_MAX))

const uint8_t PREFACE[PREFACE_BYTES] = {'T', 'R', 'T', '\r', '\n', 0x1a, '\n', 1};

void frame_add(struct bytes *to, const struct frame *frame) {
  uint8_t *header = bytes_more(to, HEADER_BYTES);
  header[0] = VERSION;
  header[1] = frame->type;
  header[2] = frame->flags;
  header[3] = frame->channel;
  write_u32(header + 4, frame->stream);
  write_u32(header + 8, frame->length);
  to->end += HEADER_BYTES;
  bytes_add(to, frame->payload, frame->length);
}

static uint32_t length_max(uint8_t type, bool authenticated) {
  if (!authenticated) return UNAUTHENTICATED_BYTES_MAX;
  return type == FRAME_DATA ? DATA_BYTES_MAX : type == FRAME_REGISTER ? REGISTER_BYTES_MAX : CONTROL_BYTES_MAX;
}

static bool is_critical(uint8_t type) { return type <= FRAME_FATAL || (type >= FRAME_CALL && type <= FRAME_RESET); }

static bool read_header(const uint8_t *at, bool authenticated, struct frame *frame, struct problem *problem) {
  *frame = (struct frame){
      .type = at[1], .flags = at[2], .channel = at[3], .stream = read_u32(at + 4), .length = read_u32(at + 8)};
  if (at[0] != VERSION) return fail_protocol(problem, "frame of another version");
  if (frame->stream > INT32_MAX) return fail_protocol(problem, "stream id with bit 31 set");
  if (frame->type < FRAME_IGNORABLE && !is_critical(frame->type)) {
    char words[64];
    snprintf(words, sizeof words, "unknown critical frame 0x%x", frame->type);
    return fail_protocol(problem, words);
  }
  if (frame->type < FRAME_IGNORABLE && (frame->flags & ~FLAGS_KNOWN) != 0)
    return fail_protocol(problem, "unknown flag on a critical frame");
  // Before there is memory for the payload: a peer that announces 4 GiB costs us twelve bytes.
  if (frame->length > length_max(frame->type, authenticated))
    return fail(problem, "frame_too_large", "frame over the limit", NULL);
  return true;
}

static void make_room(struct frame_reader *reader, size_t wanted) {
  if (reader->start > 0) {
    memmove(reader->at, reader->at + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
  }
  if (reader->room >= wanted) return;
  uint8_t *larger = memory(wanted);
  if (reader->end > 0) memcpy(larger, reader->at, reader->end);
  free(reader->at);
  reader->at = larger;
  reader->room = wanted;
}

uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room) {
  if (reader->start == reader->end) reader->start = reader->end = 0;
  if (reader->room - reader->end < READ_BYTES / 4) make_room(reader, READ_BYTES);
  // A frame that is larger than this was given its room by frame_reader_next.
  *room = reader->room - reader->end;
  return reader->at + reader->end;
}

void frame_reader_filled(struct frame_reader *reader, size_t count) { reader->end += count; }

enum frame_outcome frame_reader_next(struct frame_reader *reader, struct frame *frame, struct problem *problem) {
  while (reader->preface_taken < PREFACE_BYTES) {
    if (reader->start == reader->end) return FRAME_MORE;
    if (reader->at[reader->start++] != PREFACE[reader->preface_taken++]) {
      fail_protocol(problem, "the peer does not speak TRT/1");
      return FRAME_REFUSED;
    }
  }
  size_t held = reader->end - reader->start;
  if (held < HEADER_BYTES) return FRAME_MORE;
  if (!read_header(reader->at + reader->start, reader->authenticated, frame, problem)) return FRAME_REFUSED;
  size_t whole = HEADER_BYTES + (size_t)frame->length;
  if (held < whole) {
    if (reader->room - reader->start < whole) make_room(reader, whole);
    return FRAME_MORE;
  }
  frame->payload = reader->at + reader->start + HEADER_BYTES;
  reader->start += whole;
  return FRAME_READ;
}

void frame_reader_free(struct frame_reader *reader) {
  free(reader->at);
  *reader = (struct frame_reader){0};
}

bool credit_add(uint32_t *credit, const struct frame *frame, struct problem *problem) {
  if (frame->length != 4) return fail_protocol(problem, "CREDIT is four bytes");
  uint32_t more = read_u32(frame->payload);
  if (more == 0 || more > CREDIT_BYTES_MAX) return fail(problem, "flow_control", "credit of no use", NULL);
  if (*credit > CREDIT_BYTES_MAX - more) return fail(problem, "flow_control", "credit overflow", NULL);
  *credit += more;
  return true;
}
