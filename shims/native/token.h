// The text form of a token: SPEC.md, Token.
#ifndef TURRET_TOKEN_H
#define TURRET_TOKEN_H

#include "problem.h"

#define TOKEN_CHARACTERS 68
#define SEED_BYTES 32
#define SID_BYTES 10

enum token_kind { TOKEN_SESSION = 1, TOKEN_CHILD = 2, TOKEN_REPEATER = 3, TOKEN_ADMIN = 4 };

struct token {
  uint8_t kind;
  uint8_t seed[SEED_BYTES];
  /** First bytes of SHA-256 of the broker's key: finds the broker, and pins it. */
  uint8_t sid[SID_BYTES];
};
/** token_malformed; the message never holds a part of the text. */
bool token_read(struct token *token, const char *text, size_t count, struct problem *problem);

#endif
