// What both sides hash and sign to prove who they are: SPEC.md, Handshake and Signed calls. All of it is libsodium's.
#ifndef TURRET_HANDSHAKE_H
#define TURRET_HANDSHAKE_H

#include "json.h"
#include "token.h"

#define HASH_BYTES 32
#define KEY_BYTES 32
#define NONCE_BYTES 32
#define SIGNATURE_BYTES 64
/** base64url of a signature, and its NUL. */
#define BASE64_ROOM 96

struct signing_key {
  uint8_t public[KEY_BYTES];
  uint8_t secret[64];
};

/** Once, before anything else here. */
bool crypto_begin(void);
void signing_key_from(struct signing_key *key, const uint8_t seed[SEED_BYTES]);
/** First bytes of SHA-256 of a public key: a kid, or the sid of a broker. */
void key_id(uint8_t id[SID_BYTES], const uint8_t public_key[KEY_BYTES]);
void random_bytes(uint8_t *to, size_t count);

void transcript_of(uint8_t hash[HASH_BYTES], const struct bytes *hello_client, const uint8_t *hello_server, size_t count);
void sign_auth(uint8_t signature[SIGNATURE_BYTES], const struct signing_key *key, const uint8_t transcript[HASH_BYTES]);
/** Whether this is the broker's signature over our nonce and its own. */
bool verify_welcome(const uint8_t signature[SIGNATURE_BYTES], const uint8_t broker[KEY_BYTES], const uint8_t transcript[HASH_BYTES]);
void sign_call(uint8_t signature[SIGNATURE_BYTES], const struct signing_key *key, const uint8_t transcript[HASH_BYTES],
               uint32_t stream, uint64_t counter, const uint8_t *json, size_t count);

void to_base64url(char to[BASE64_ROOM], const uint8_t *from, size_t count);
/** Exactly `count` bytes in their one canonical spelling; protocol_error. `text` may be NULL. */
bool from_base64url(uint8_t *to, size_t count, const char *name, const struct json_text *text, struct problem *problem);

#endif
