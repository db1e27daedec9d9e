#include "handshake.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "frames.h"

// The names are signed with the NUL behind them.
static const char AUTH[] = "turret-auth-v1", BROKER[] = "turret-broker-v1", CALL[] = "turret-call-v1";

_Static_assert(crypto_sign_SEEDBYTES == SEED_BYTES && crypto_sign_BYTES == SIGNATURE_BYTES, "Ed25519");

bool crypto_begin(void) { return sodium_init() >= 0; }

void signing_key_from(struct signing_key *key, const uint8_t seed[SEED_BYTES]) {
  crypto_sign_seed_keypair(key->public, key->secret, seed);
}

void key_id(uint8_t id[SID_BYTES], const uint8_t public_key[KEY_BYTES]) {
  uint8_t hash[HASH_BYTES];
  crypto_hash_sha256(hash, public_key, KEY_BYTES);
  memcpy(id, hash, SID_BYTES);
}

void random_bytes(uint8_t *to, size_t count) { randombytes_buf(to, count); }

static void hash_counted(crypto_hash_sha256_state *state, const uint8_t *from, size_t count) {
  uint8_t length[4];
  write_u32(length, (uint32_t)count);
  crypto_hash_sha256_update(state, length, sizeof length);
  crypto_hash_sha256_update(state, from, count);
}

void transcript_of(uint8_t hash[HASH_BYTES], const struct bytes *hello_client, const uint8_t *hello_server, size_t count) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, PREFACE, PREFACE_BYTES);
  hash_counted(&state, hello_client->at + hello_client->start, bytes_held(hello_client));
  hash_counted(&state, hello_server, count);
  crypto_hash_sha256_final(&state, hash);
}

void sign_auth(uint8_t signature[SIGNATURE_BYTES], const struct signing_key *key, const uint8_t transcript[HASH_BYTES]) {
  uint8_t message[sizeof AUTH + HASH_BYTES];
  memcpy(message, AUTH, sizeof AUTH);
  memcpy(message + sizeof AUTH, transcript, HASH_BYTES);
  crypto_sign_detached(signature, NULL, message, sizeof message, key->secret);
}

bool verify_welcome(const uint8_t signature[SIGNATURE_BYTES], const uint8_t broker[KEY_BYTES], const uint8_t transcript[HASH_BYTES]) {
  uint8_t message[sizeof BROKER + HASH_BYTES];
  memcpy(message, BROKER, sizeof BROKER);
  memcpy(message + sizeof BROKER, transcript, HASH_BYTES);
  // Refuses S >= L, and keys that are not canonical or of small order.
  return crypto_sign_verify_detached(signature, message, sizeof message, broker) == 0;
}

void sign_call(uint8_t signature[SIGNATURE_BYTES], const struct signing_key *key, const uint8_t transcript[HASH_BYTES],
               uint32_t stream, uint64_t counter, const uint8_t *json, size_t count) {
  uint8_t message[sizeof CALL + HASH_BYTES + 4 + 8 + HASH_BYTES];
  uint8_t *at = message + sizeof CALL;
  memcpy(message, CALL, sizeof CALL);
  memcpy(at, transcript, HASH_BYTES);
  write_u32(at + HASH_BYTES, stream);
  write_u64(at + HASH_BYTES + 4, counter);
  crypto_hash_sha256(at + HASH_BYTES + 12, json, count);
  crypto_sign_detached(signature, NULL, message, sizeof message, key->secret);
}

void to_base64url(char to[BASE64_ROOM], const uint8_t *from, size_t count) {
  sodium_bin2base64(to, BASE64_ROOM, from, count, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool from_base64url(uint8_t *to, size_t count, const char *name, const struct json_text *text, struct problem *problem) {
  size_t taken = 0;
  const char *end = NULL;
  char again[BASE64_ROOM], words[80];
  bool ok = text != NULL &&
            sodium_base642bin(to, count, text->at, text->count, NULL, &taken, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
            taken == count && end == text->at + text->count;
  // One spelling only, or two texts would be one key.
  if (ok) to_base64url(again, to, count);
  if (ok && json_is(text, again)) return true;
  snprintf(words, sizeof words, "%s is not %zu bytes in base64url", name, count);
  return fail_protocol(problem, words);
}
