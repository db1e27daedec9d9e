#include "self-test.h"

#include <stdio.h>
#include <string.h>

#include "frames.h"
#include "handshake.h"

#ifndef TURRET_VERSION
#error "the build says which version this is"
#endif

// SPEC.md, Handshake.
static const char HELLO_CLIENT[] = "{\"role\":\"agent\",\"versions\":[1],\"nonce\":\"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo\","
                                   "\"kid\":\"Vkdap1RjR0wChQ\",\"client\":\"vec/1\"}";
static const char HELLO_SERVER[] = "{\"version\":1,\"nonce\":\"u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7s\","
                                   "\"broker_pub\":\"JUO5L_EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0\",\"max_frame\":65536,"
                                   "\"max_streams\":128,\"window\":65536}";
static const char AUTH[] = "X2_ZrVcFD8hRnsOXntzyQQX5KW1dTc2LOGVT9fGS3L4"; // the first half
static const char BROKER[] = "JUO5L_EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0";
static const char WELCOME[] = "EiwyrNyW4z0PH9uqBog9BHocwJOAqBivLVfgTq8s9yAdLR3S7xoBRTyLIULTL-nUdSc6i1rBJsaeJjxsk82_Bg";
static const uint8_t DATA_FRAME[] = {1, 0x12, 1, 0, 0, 0, 0, 1, 0, 0, 0, 3, 'h', 'i', '\n'};

static bool proofs_hold(void) {
  struct signing_key key;
  struct problem problem;
  uint8_t seed[SEED_BYTES], hash[HASH_BYTES], signature[SIGNATURE_BYTES], broker[KEY_BYTES];
  char text[BASE64_ROOM];
  struct bytes hello = {0};
  for (size_t at = 0; at < SEED_BYTES; at += 1) seed[at] = (uint8_t)at;
  signing_key_from(&key, seed);
  bytes_add_text(&hello, HELLO_CLIENT);
  transcript_of(hash, &hello, (const uint8_t *)HELLO_SERVER, sizeof HELLO_SERVER - 1);
  bytes_free(&hello);
  sign_auth(signature, &key, hash);
  to_base64url(text, signature, HASH_BYTES);
  if (strcmp(text, AUTH) != 0) return false;
  const struct json_text welcome = {WELCOME, sizeof WELCOME - 1}, pinned = {BROKER, sizeof BROKER - 1};
  if (!from_base64url(signature, sizeof signature, "sig", &welcome, &problem)) return false;
  if (!from_base64url(broker, sizeof broker, "broker_pub", &pinned, &problem)) return false;
  bool holds = verify_welcome(signature, broker, hash);
  hash[0] ^= 1;
  return holds && !verify_welcome(signature, broker, hash);
}

static bool frames_hold(void) {
  struct bytes frame = {0};
  frame_add(&frame, &(struct frame){.type = FRAME_DATA, .flags = FLAG_FIN, .stream = 1, .length = 3, .payload = (const uint8_t *)"hi\n"});
  bool same = bytes_held(&frame) == sizeof DATA_FRAME && memcmp(bytes_first(&frame), DATA_FRAME, sizeof DATA_FRAME) == 0;
  bytes_free(&frame);
  return same;
}

int self_test(void) {
  if (!proofs_hold() || !frames_hold()) return 1;
  return puts(SELF_TEST_NAME " " TURRET_VERSION) < 0 || fflush(stdout) != 0;
}
