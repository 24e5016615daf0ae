// HMAC-SM3, the key derivations, and Hash-DRBG with SM3. Every intermediate value is wiped.

#include <string.h>

#include "guomi_memory.h"
#include "guomi_sm3.h"
#include "sm3_compress.h"

void guomi_hmac_key_make(guomi_hmac_key *key, const void *bytes, size_t count) {
  uint8_t block[64] = {0};
  if (count > 64) {
    guomi_sm3(bytes, count, block);
  } else if (count > 0) {
    memcpy(block, bytes, count);
  }
  guomi_sm3_state state;
  for (int i = 0; i < 64; i++) block[i] ^= 0x36;
  guomi_sm3_start(&state);
  memcpy(key->inner, state.chain, sizeof key->inner);
  memcpy(key->outer, state.chain, sizeof key->outer);
  guomi_sm3_compress(key->inner, block, 1);
  for (int i = 0; i < 64; i++) block[i] ^= 0x36 ^ 0x5c;
  guomi_sm3_compress(key->outer, block, 1);
  guomi_wipe(block, sizeof block);
}

void guomi_hmac_start(const guomi_hmac_key *key, guomi_sm3_state *state) {
  memcpy(state->chain, key->inner, sizeof state->chain);
  state->byte_count = 64;
}

void guomi_hmac_finish(const guomi_hmac_key *key, guomi_sm3_state *state, uint8_t *tag) {
  uint8_t inner[32];
  guomi_sm3_finish(state, inner);
  memcpy(state->chain, key->outer, sizeof state->chain);
  state->byte_count = 64;
  guomi_sm3_update(state, inner, sizeof inner);
  guomi_sm3_finish(state, tag);
  guomi_wipe(inner, sizeof inner);
}

static size_t least(size_t left, size_t right) { return left < right ? left : right; }

void guomi_kbkdf(
    const guomi_hmac_key *key, const void *label, size_t label_count, const void *context, size_t context_count,
    uint8_t *out, uint32_t out_count) {
  uint8_t block[32], word[4], bits[4];
  const uint8_t zero = 0;
  guomi_sm3_state state;
  guomi_store32(bits, out_count * 8);
  for (uint32_t i = 1; out_count > 0; i++) {
    guomi_store32(word, i);
    guomi_hmac_start(key, &state);
    guomi_sm3_update(&state, word, sizeof word);
    guomi_sm3_update(&state, label, label_count);
    guomi_sm3_update(&state, &zero, 1);
    guomi_sm3_update(&state, context, context_count);
    guomi_sm3_update(&state, bits, sizeof bits);
    guomi_hmac_finish(key, &state, block);
    uint32_t taken = (uint32_t)least(out_count, sizeof block);
    memcpy(out, block, taken);
    out += taken;
    out_count -= taken;
  }
  guomi_wipe(block, sizeof block);
}

void guomi_hkdf_expand(
    const guomi_hmac_key *key, const void *info, size_t info_count, uint8_t *out, size_t out_count) {
  uint8_t block[32];
  guomi_sm3_state state;
  for (uint8_t i = 1; out_count > 0; i++) {
    guomi_hmac_start(key, &state);
    if (i > 1) guomi_sm3_update(&state, block, sizeof block);
    guomi_sm3_update(&state, info, info_count);
    guomi_sm3_update(&state, &i, 1);
    guomi_hmac_finish(key, &state, block);
    size_t taken = least(out_count, sizeof block);
    memcpy(out, block, taken);
    out += taken;
    out_count -= taken;
  }
  guomi_wipe(block, sizeof block);
}

void guomi_x963(const void *secret, size_t secret_count, uint8_t *out, size_t out_count) {
  uint8_t block[32], word[4];
  guomi_sm3_state start, state;
  guomi_sm3_start(&start);
  guomi_sm3_update(&start, secret, secret_count);
  for (uint32_t i = 1; out_count > 0; i++) {
    guomi_store32(word, i);
    state = start;
    guomi_sm3_update(&state, word, sizeof word);
    guomi_sm3_finish(&state, block);
    size_t taken = least(out_count, sizeof block);
    memcpy(out, block, taken);
    out += taken;
    out_count -= taken;
  }
  guomi_wipe(block, sizeof block);
  guomi_wipe(&start, sizeof start);
}

#define SEED_COUNT 55

/// SP 800-90A, 10.3.1: Hash_df of prefix ‖ a ‖ b ‖ c to 440 bits.
static void derive(
    uint8_t out[SEED_COUNT], int prefix, const void *a, size_t a_count, const void *b, size_t b_count, const void *c,
    size_t c_count) {
  uint8_t made[SEED_COUNT], block[32], head[6];
  guomi_sm3_state state;
  size_t done = 0;
  guomi_store32(head + 1, SEED_COUNT * 8);
  head[5] = (uint8_t)prefix;
  for (uint8_t i = 1; done < SEED_COUNT; i++) {
    head[0] = i;
    guomi_sm3_start(&state);
    guomi_sm3_update(&state, head, prefix < 0 ? 5 : 6);
    guomi_sm3_update(&state, a, a_count);
    guomi_sm3_update(&state, b, b_count);
    guomi_sm3_update(&state, c, c_count);
    guomi_sm3_finish(&state, block);
    size_t taken = least(SEED_COUNT - done, sizeof block);
    memcpy(made + done, block, taken);
    done += taken;
  }
  memcpy(out, made, sizeof made);
  guomi_wipe(made, sizeof made);
  guomi_wipe(block, sizeof block);
}

void guomi_drbg_seed(
    guomi_drbg_state *state, int is_reseed, const void *entropy, size_t entropy_count, const void *extra,
    size_t extra_count) {
  if (is_reseed) {
    derive(state->value, 1, state->value, SEED_COUNT, entropy, entropy_count, extra, extra_count);
  } else {
    derive(state->value, -1, entropy, entropy_count, extra, extra_count, NULL, 0);
  }
  derive(state->constant, 0, state->value, SEED_COUNT, NULL, 0, NULL, 0);
  state->reseed_counter = 1;
}

/// value += number, big-endian, modulo 2^440.
static void add(uint8_t value[SEED_COUNT], const uint8_t *number, size_t count) {
  unsigned carry = 0;
  for (size_t i = 0; i < SEED_COUNT; i++) {
    unsigned sum = value[SEED_COUNT - 1 - i] + carry + (i < count ? number[count - 1 - i] : 0u);
    value[SEED_COUNT - 1 - i] = (uint8_t)sum;
    carry = sum >> 8;
  }
}

static void hash_prefixed(
    uint8_t prefix, const uint8_t value[SEED_COUNT], const void *extra, size_t extra_count, uint8_t digest[32]) {
  guomi_sm3_state state;
  guomi_sm3_start(&state);
  guomi_sm3_update(&state, &prefix, 1);
  guomi_sm3_update(&state, value, SEED_COUNT);
  guomi_sm3_update(&state, extra, extra_count);
  guomi_sm3_finish(&state, digest);
}

void guomi_drbg_generate(
    guomi_drbg_state *state, const void *extra, size_t extra_count, uint8_t *out, size_t out_count) {
  uint8_t block[32], data[SEED_COUNT], counter[8];
  const uint8_t one = 1;
  if (extra_count > 0) {
    hash_prefixed(2, state->value, extra, extra_count, block);
    add(state->value, block, sizeof block);
  }
  memcpy(data, state->value, sizeof data);
  while (out_count > 0) {
    guomi_sm3(data, sizeof data, block);
    size_t taken = least(out_count, sizeof block);
    memcpy(out, block, taken);
    out += taken;
    out_count -= taken;
    add(data, &one, 1);
  }
  hash_prefixed(3, state->value, NULL, 0, block);
  for (int i = 0; i < 8; i++) counter[i] = (uint8_t)(state->reseed_counter >> (56 - 8 * i));
  add(state->value, block, sizeof block);
  add(state->value, state->constant, SEED_COUNT);
  add(state->value, counter, sizeof counter);
  state->reseed_counter++;
  guomi_wipe(block, sizeof block);
  guomi_wipe(data, sizeof data);
}
