// CTR and CBC on any path.

#include <string.h>

#include "sm4_paths.h"

void guomi_sm4_ctr(const guomi_sm4 *key, const uint8_t *counter, const uint8_t *in, uint8_t *out, size_t count) {
  uint8_t block[16];
  memcpy(block, counter, 16);
  while (count > 0) {
    // Up to where the last four bytes would wrap: there the other twelve count on.
    const uint64_t left = ((uint64_t)1 << 32) - sm4_load(block + 12);
    const size_t part = (uint64_t)count < 16 * left ? count : (size_t)(16 * left);
    sm4_ctr32(key, block, in, out, part);
    in += part;
    out += part;
    count -= part;
    memset(block + 12, 0, 4);
    for (int i = 11; i >= 0 && ++block[i] == 0; i--) {}
  }
}

static void add(uint8_t block[16], const uint8_t *other) {
  for (int i = 0; i < 16; i++) block[i] ^= other[i];
}

void guomi_sm4_cbc_encrypt(
    const guomi_sm4 *key, const uint8_t *vector, const uint8_t *in, uint8_t *out, size_t blocks) {
  uint8_t block[16];
  memcpy(block, vector, 16);
  for (; blocks > 0; blocks--, in += 16, out += 16) {
    add(block, in);
    sm4_block(key, block, block);
    memcpy(out, block, 16);
  }
}

void guomi_sm4_cbc_decrypt(
    const guomi_sm4 *key, const uint8_t *vector, const uint8_t *in, uint8_t *out, size_t blocks) {
  enum { PART = 64 };
  uint8_t plain[16 * PART], before[16], last[16];
  memcpy(before, vector, 16);
  while (blocks > 0) {
    const size_t part = blocks < PART ? blocks : PART;
    guomi_sm4_decrypt_blocks(key, in, plain, part);
    for (size_t i = 16; i < 16 * part; i++) plain[i] ^= in[i - 16];
    add(plain, before);
    memcpy(last, in + 16 * (part - 1), 16);
    memcpy(before, last, 16);
    memcpy(out, plain, 16 * part);
    in += 16 * part;
    out += 16 * part;
    blocks -= part;
  }
  guomi_wipe(plain, sizeof plain);
}
