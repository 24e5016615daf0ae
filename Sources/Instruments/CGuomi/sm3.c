// SM3 (GB/T 32905-2016): padding, the portable path, and which path is taken.

#include "guomi_sm3.h"

#include <string.h>

#include "guomi_memory.h"
#include "sm3_compress.h"

static inline uint32_t turn(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

static void compress_portable(uint32_t chain[8], const uint8_t *blocks, size_t count) {
  uint32_t w[68];
  for (; count > 0; count--, blocks += 64) {
    for (int i = 0; i < 16; i++) w[i] = guomi_load32(blocks + 4 * i);
    for (int i = 16; i < 68; i++) {
      uint32_t x = w[i - 16] ^ w[i - 9] ^ turn(w[i - 3], 15);
      w[i] = x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[i - 13], 7) ^ w[i - 6];
    }
    uint32_t v[8];
    memcpy(v, chain, sizeof v);
    uint32_t constant = 0x79cc4519u;
    for (int j = 0; j < 64; j++) {
      if (j == 16) constant = turn(0x7a879d8au, 16);
      uint32_t a12 = turn(v[0], 12);
      uint32_t ss1 = turn(a12 + v[4] + constant, 7);
      uint32_t ff = j < 16 ? v[0] ^ v[1] ^ v[2] : (v[0] & v[1]) | ((v[0] | v[1]) & v[2]);
      uint32_t gg = j < 16 ? v[4] ^ v[5] ^ v[6] : ((v[5] ^ v[6]) & v[4]) ^ v[6];
      uint32_t tt1 = ff + v[3] + (ss1 ^ a12) + (w[j] ^ w[j + 4]);
      uint32_t tt2 = gg + v[7] + ss1 + w[j];
      v[3] = v[2];
      v[2] = turn(v[1], 9);
      v[1] = v[0];
      v[0] = tt1;
      v[7] = v[6];
      v[6] = turn(v[5], 19);
      v[5] = v[4];
      v[4] = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17);
      constant = turn(constant, 1);
    }
    for (int i = 0; i < 8; i++) chain[i] ^= v[i];
  }
  guomi_wipe(w, sizeof w);
}

int guomi_sm3_path_count(void) {
#if defined(__x86_64__)
  return 2;
#else
  return 1;
#endif
}

const char *guomi_sm3_path_name(int path) { return path == 1 ? "AVX2, BMI2" : "portable"; }

int guomi_sm3_path_works(int path) {
  if (path == 0) return 1;
#if defined(__x86_64__)
  if (path == 1) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  }
#endif
  return 0;
}

int guomi_sm3_path(void) { return guomi_sm3_path_works(1) ? 1 : 0; }

void guomi_sm3_compress_on(int path, uint32_t *chain, const uint8_t *blocks, size_t block_count) {
#if defined(__x86_64__)
  if (path == 1) {
    guomi_sm3_compress_avx2(chain, blocks, block_count);
    return;
  }
#endif
  (void)path;
  compress_portable(chain, blocks, block_count);
}

void guomi_sm3_compress(uint32_t chain[8], const uint8_t *blocks, size_t count) {
  guomi_sm3_compress_on(guomi_sm3_path(), chain, blocks, count);
}

void guomi_sm3_start(guomi_sm3_state *state) {
  static const uint32_t start[8] = {
      0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
  };
  memcpy(state->chain, start, sizeof start);
  state->byte_count = 0;
}

void guomi_sm3_update(guomi_sm3_state *state, const void *bytes, size_t count) {
  if (count == 0) return;
  const uint8_t *next = bytes;
  size_t held = state->byte_count % 64;
  state->byte_count += count;
  if (held > 0) {
    size_t taken = count < 64 - held ? count : 64 - held;
    memcpy(state->pending + held, next, taken);
    next += taken;
    count -= taken;
    if (held + taken < 64) return;
    guomi_sm3_compress(state->chain, state->pending, 1);
  }
  if (count >= 64) guomi_sm3_compress(state->chain, next, count / 64);
  if (count % 64 > 0) memcpy(state->pending, next + count / 64 * 64, count % 64);
}

void guomi_sm3_finish(guomi_sm3_state *state, uint8_t *digest) {
  uint64_t bits = state->byte_count * 8;
  size_t held = state->byte_count % 64;
  state->pending[held++] = 0x80;
  if (held > 56) {
    memset(state->pending + held, 0, 64 - held);
    guomi_sm3_compress(state->chain, state->pending, 1);
    held = 0;
  }
  memset(state->pending + held, 0, 56 - held);
  guomi_store32(state->pending + 56, (uint32_t)(bits >> 32));
  guomi_store32(state->pending + 60, (uint32_t)bits);
  guomi_sm3_compress(state->chain, state->pending, 1);
  for (int i = 0; i < 8; i++) guomi_store32(digest + 4 * i, state->chain[i]);
  guomi_wipe(state, sizeof *state);
}

void guomi_sm3(const void *bytes, size_t count, uint8_t *digest) {
  guomi_sm3_state state;
  guomi_sm3_start(&state);
  size_t held = count % 64;
  if (count >= 64) guomi_sm3_compress(state.chain, bytes, count / 64);
  // The rest and its padding, one block or two, go in one call.
  uint8_t tail[128];
  size_t tail_count = held < 56 ? 64 : 128;
  if (held > 0) memcpy(tail, (const uint8_t *)bytes + count - held, held);
  tail[held] = 0x80;
  memset(tail + held + 1, 0, tail_count - held - 9);
  uint64_t bits = (uint64_t)count * 8;
  guomi_store32(tail + tail_count - 8, (uint32_t)(bits >> 32));
  guomi_store32(tail + tail_count - 4, (uint32_t)bits);
  guomi_sm3_compress(state.chain, tail, tail_count / 64);
  for (int i = 0; i < 8; i++) guomi_store32(digest + 4 * i, state.chain[i]);
  guomi_wipe(tail, sizeof tail);
  guomi_wipe(state.chain, sizeof state.chain);
}
