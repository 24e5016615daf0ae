// CCM (RFC 3610, NIST SP 800-38C) with nonces of 12 bytes and tags of 16, as RFC 8998 takes it.

#include <string.h>

#include "sm4_paths.h"

enum { LENGTH_BYTES = 15 - GUOMI_SM4_NONCE_BYTES };

// A chain of blocks in which `used` bytes of the next one are already added.
typedef struct chain {
  uint8_t block[16];
  size_t used;
} chain;

static void absorb(const guomi_sm4 *key, chain *c, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    c->block[c->used++] ^= bytes[i];
    if (c->used == 16) {
      sm4_block(key, c->block, c->block);
      c->used = 0;
    }
  }
}

// Fills up with zeros.
static void pad(const guomi_sm4 *key, chain *c) {
  if (c->used == 0) return;
  sm4_block(key, c->block, c->block);
  c->used = 0;
}

static void counter_block(uint8_t counter[16], const uint8_t *nonce, uint8_t number) {
  memset(counter, 0, 16);
  counter[0] = LENGTH_BYTES - 1;
  memcpy(counter + 1, nonce, GUOMI_SM4_NONCE_BYTES);
  counter[15] = number;
}

static void authenticate(
    const guomi_sm4 *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_count, const uint8_t *text,
    size_t count, uint8_t tag[16]) {
  chain c = {.used = 0};
  c.block[0] = (uint8_t)((aad_count > 0 ? 0x40 : 0) | (GUOMI_SM4_TAG_BYTES - 2) / 2 << 3 | (LENGTH_BYTES - 1));
  memcpy(c.block + 1, nonce, GUOMI_SM4_NONCE_BYTES);
  for (int i = 0; i < LENGTH_BYTES; i++) c.block[15 - i] = (uint8_t)(count >> (8 * i));
  sm4_block(key, c.block, c.block);
  if (aad_count > 0) {
    uint8_t length[6] = {0xff, 0xfe};
    const int is_short = aad_count < 0xff00;
    sm4_store(length + 2, (uint32_t)aad_count);
    absorb(key, &c, is_short ? length + 4 : length, is_short ? 2 : 6);
    absorb(key, &c, aad, aad_count);
    pad(key, &c);
  }
  absorb(key, &c, text, count);
  pad(key, &c);
  uint8_t counter[16];
  counter_block(counter, nonce, 0);
  sm4_block(key, counter, counter);
  for (int i = 0; i < 16; i++) tag[i] = c.block[i] ^ counter[i];
  guomi_wipe(&c, sizeof c);
  guomi_wipe(counter, sizeof counter);
}

void guomi_sm4_ccm_seal(
    const guomi_sm4 *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_count, const uint8_t *in,
    size_t count, uint8_t *out, uint8_t *tag) {
  uint8_t counter[16];
  authenticate(key, nonce, aad, aad_count, in, count, tag);
  counter_block(counter, nonce, 1);
  sm4_ctr32(key, counter, in, out, count);
}

int guomi_sm4_ccm_open(
    const guomi_sm4 *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_count, const uint8_t *in,
    size_t count, uint8_t *out, const uint8_t *tag) {
  uint8_t counter[16], expected[16];
  counter_block(counter, nonce, 1);
  sm4_ctr32(key, counter, in, out, count);
  authenticate(key, nonce, aad, aad_count, out, count, expected);
  const int is_right = guomi_equal(expected, tag, GUOMI_SM4_TAG_BYTES);
  guomi_wipe(expected, sizeof expected);
  if (!is_right) guomi_wipe(out, count);
  return is_right;
}
