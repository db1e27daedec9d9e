// TRT/1 framing: SPEC.md, Frames. The peer may be anybody who can listen at the socket.
#ifndef TURRET_FRAMES_H
#define TURRET_FRAMES_H

#include "bytes.h"
#include "problem.h"

enum frame_type {
  FRAME_HELLO = 0x00,
  FRAME_AUTH = 0x01,
  FRAME_WELCOME = 0x02,
  FRAME_REGISTER = 0x03,
  FRAME_PING = 0x05,
  FRAME_FATAL = 0x08,
  FRAME_CALL = 0x10,
  FRAME_STATUS = 0x11,
  FRAME_DATA = 0x12,
  FRAME_CREDIT = 0x13,
  FRAME_SIGNAL = 0x14,
  FRAME_RESIZE = 0x15,
  FRAME_CANCEL = 0x16,
  FRAME_END = 0x17,
  FRAME_RESET = 0x18,
  FRAME_IGNORABLE = 0x80,
};
enum frame_flag { FLAG_FIN = 0x01, FLAG_SIGNED = 0x02, FLAG_ACK = 0x04 };
enum channel { CHANNEL_STDIN = 0, CHANNEL_STDOUT = 1, CHANNEL_STDERR = 2, CHANNEL_FILES = 4 };

#define PREFACE_BYTES 8
#define HEADER_BYTES 12
extern const uint8_t PREFACE[PREFACE_BYTES];

struct frame {
  uint8_t type, flags, channel;
  uint32_t stream, length;
  const uint8_t *payload;
};
void frame_add(struct bytes *to, const struct frame *frame);

/** Turns any split of the bytes into the same frames. Holds one read, or one frame when that is larger. */
struct frame_reader {
  uint8_t *at;
  size_t start, end, room;
  size_t preface_taken;
  /** The peer has proved who it is: larger payloads are fine. */
  bool authenticated;
};
enum frame_outcome { FRAME_READ, FRAME_MORE, FRAME_REFUSED };

/** Where the next bytes go; never without room. What frames pointed to is gone. */
uint8_t *frame_reader_room(struct frame_reader *reader, size_t *room);
void frame_reader_filled(struct frame_reader *reader, size_t count);
/** FRAME_REFUSED: protocol_error or frame_too_large, and the reader is of no more use. */
enum frame_outcome frame_reader_next(struct frame_reader *reader, struct frame *frame, struct problem *problem);
void frame_reader_free(struct frame_reader *reader);

/** Payload of CREDIT added to what there is. protocol_error or flow_control. */
bool credit_add(uint32_t *credit, const struct frame *frame, struct problem *problem);

#endif
