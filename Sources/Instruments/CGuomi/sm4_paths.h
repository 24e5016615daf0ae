// What each path supplies to the modes. Internal to CGuomi.

#ifndef GUOMI_SM4_PATHS_H
#define GUOMI_SM4_PATHS_H

#include "guomi_sm4.h"

#if defined(__x86_64__)
#define GUOMI_X86 1
#else
#define GUOMI_X86 0
#endif

/// Constants of the key schedule (GB/T 32907-2016, 7.3).
static const uint32_t sm4_fk[4] = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};

static inline uint32_t sm4_ck(uint32_t round) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < 4; i++) word = word << 8 | ((4 * round + i) * 7 & 0xff);
  return word;
}

static inline uint32_t sm4_rol(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

static inline uint32_t sm4_load(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void sm4_store(uint8_t *bytes, uint32_t word) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

// Round keys in the form of the path, in the order of encryption.
void sm4_scalar_expand(uint32_t round_keys[32], const uint8_t key[16]);
void sm4_aesni_expand(uint32_t round_keys[32], const uint8_t key[16]);
void sm4_gfni_expand(uint32_t round_keys[32], const uint8_t key[16]);

// Whole blocks with round keys of either direction.
void sm4_scalar_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks);
void sm4_aesni_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks);
void sm4_gfni_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks);

// One block, for what can not be done side by side.
void sm4_scalar_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]);
void sm4_aesni_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]);
void sm4_gfni_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]);

// Counter mode; only the last four bytes count, and wrap.
void sm4_scalar_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count);
void sm4_aesni_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count);
void sm4_gfni_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count);

// GHASH. The powers are made of the hash key H; `update` takes whole blocks into the state.
void ghash_scalar_init(uint64_t powers[32], const uint8_t hash_key[16]);
void ghash_clmul_init(uint64_t powers[32], const uint8_t hash_key[16]);
void ghash_scalar_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks);
void ghash_clmul_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks);
void ghash_vclmul_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks);

// By path, in sm4_dispatch.c.
void sm4_block(const guomi_sm4 *key, const uint8_t in[16], uint8_t out[16]);
void sm4_ctr32(const guomi_sm4 *key, const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count);
void ghash_init(guomi_ghash *hash, const uint8_t hash_key[16], guomi_sm4_path path);
void ghash_update(const guomi_ghash *hash, uint8_t state[16], const uint8_t *in, size_t blocks);

#endif
