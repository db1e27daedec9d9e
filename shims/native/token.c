// A token in this form is unverified: the checksum only says that nobody mistyped it.

#include "token.h"

#include <string.h>

#define BODY_BYTES 43
#define BODY_DIGITS 58
#define CHECK_DIGITS 6
#define PREFIX_CHARACTERS 4
#define BASE 62u

static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool malformed(struct problem *problem, const char *why) {
  fail(problem, "token_malformed", "the token cannot be read: ",
       "a token is 68 characters, starts with trt_ and lives as long as its `turret run`");
  problem_say(&problem->message, why, strlen(why));
  return false;
}

static uint32_t digit_of(char c) { return (uint32_t)(strchr(DIGITS, c) - DIGITS); }

static bool is_digit(char c) { return c != 0 && strchr(DIGITS, c) != NULL; }

/** ISO-HDLC, as in zip and PNG. */
static uint32_t crc32(const char *text, size_t count) {
  uint32_t crc = ~0u;
  for (size_t at = 0; at < count; at += 1) {
    crc ^= (uint8_t)text[at];
    for (int bit = 0; bit < 8; bit += 1) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

// Big-endian, one digit after the other; false when it is more than the body holds.
static bool read_body(const char *text, uint8_t body[BODY_BYTES]) {
  memset(body, 0, BODY_BYTES);
  for (size_t at = 0; at < BODY_DIGITS; at += 1) {
    uint32_t carry = digit_of(text[at]);
    for (size_t byte = BODY_BYTES; byte > 0; byte -= 1) {
      carry += body[byte - 1] * BASE;
      body[byte - 1] = (uint8_t)carry;
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  return true;
}

static bool checksum_fits(const char *text) {
  uint32_t crc = crc32(text, TOKEN_CHARACTERS - CHECK_DIGITS);
  for (size_t at = TOKEN_CHARACTERS; at > TOKEN_CHARACTERS - CHECK_DIGITS; at -= 1, crc /= BASE)
    if (text[at - 1] != DIGITS[crc % BASE]) return false;
  return true;
}

bool token_read(struct token *token, const char *text, size_t count, struct problem *problem) {
  bool formed = count == TOKEN_CHARACTERS && memcmp(text, "tr", 2) == 0 && text[2] != 0 && strchr("tra", text[2]) != NULL &&
                text[3] == '_';
  for (size_t at = PREFIX_CHARACTERS; formed && at < TOKEN_CHARACTERS; at += 1) formed = is_digit(text[at]);
  if (!formed) return malformed(problem, "it has the wrong form");
  if (!checksum_fits(text)) return malformed(problem, "its checksum does not match");
  uint8_t body[BODY_BYTES];
  if (!read_body(text + PREFIX_CHARACTERS, body)) return malformed(problem, "it is out of range");
  token->kind = body[0];
  if (token->kind < TOKEN_SESSION || token->kind > TOKEN_ADMIN) return malformed(problem, "it is of an unknown kind");
  if (text[2] != (token->kind == TOKEN_REPEATER ? 'r' : token->kind == TOKEN_ADMIN ? 'a' : 't'))
    return malformed(problem, "its prefix does not fit its kind");
  memcpy(token->seed, body + 1, SEED_BYTES);
  memcpy(token->sid, body + 1 + SEED_BYTES, SID_BYTES);
  return true;
}
