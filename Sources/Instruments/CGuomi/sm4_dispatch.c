// Which path a machine can take, and the way to it.

#include <stdatomic.h>

#include "sm4_paths.h"

#if GUOMI_X86
#include <cpuid.h>

// What the operating system saves and restores of the wide registers (XGETBV, register 0).
static uint32_t saved_states(void) {
  uint32_t low, high;
  __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

enum { YMM_STATES = 0x06, ZMM_STATES = 0xe6 };

static int detect(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(1, 0, &a, &b, &c, &d)) return GUOMI_SM4_SCALAR;
  const unsigned first = bit_AES | bit_PCLMUL | bit_SSSE3 | bit_SSE4_1 | bit_OSXSAVE | bit_AVX;
  if ((c & first) != first) return GUOMI_SM4_SCALAR;
  const uint32_t states = saved_states();
  if ((states & YMM_STATES) != YMM_STATES || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return GUOMI_SM4_SCALAR;
  if (!(b & bit_AVX2)) return GUOMI_SM4_SCALAR;
  const unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_BMI2;
  const unsigned galois = bit_GFNI | bit_VPCLMULQDQ;
  if ((states & ZMM_STATES) != ZMM_STATES || (b & wide) != wide || (c & galois) != galois) return GUOMI_SM4_AESNI;
  return GUOMI_SM4_GFNI;
}
#else
static int detect(void) { return GUOMI_SM4_SCALAR; }
#endif

guomi_sm4_path guomi_sm4_best(void) {
  // Asked once: CPUID costs microseconds in a virtual machine. Two threads may both ask; they get one answer.
  static _Atomic int known = -1;
  int path = atomic_load_explicit(&known, memory_order_relaxed);
  if (path < 0) {
    path = detect();
    atomic_store_explicit(&known, path, memory_order_relaxed);
  }
  return (guomi_sm4_path)path;
}

int guomi_sm4_supports(guomi_sm4_path path) { return path >= GUOMI_SM4_SCALAR && path <= guomi_sm4_best(); }

int guomi_sm4_init(guomi_sm4 *key, const uint8_t *bytes, guomi_sm4_path path) {
  if (!guomi_sm4_supports(path)) return -1;
  key->path = path;
  switch (path) {
#if GUOMI_X86
  case GUOMI_SM4_GFNI: sm4_gfni_expand(key->encrypt, bytes); break;
  case GUOMI_SM4_AESNI: sm4_aesni_expand(key->encrypt, bytes); break;
#endif
  default: sm4_scalar_expand(key->encrypt, bytes); break;
  }
  for (int i = 0; i < 32; i++) key->decrypt[i] = key->encrypt[31 - i];
  return 0;
}

static void any_blocks(
    guomi_sm4_path path, const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks) {
  switch (path) {
#if GUOMI_X86
  case GUOMI_SM4_GFNI: sm4_gfni_blocks(round_keys, in, out, blocks); return;
  case GUOMI_SM4_AESNI: sm4_aesni_blocks(round_keys, in, out, blocks); return;
#endif
  default: sm4_scalar_blocks(round_keys, in, out, blocks); return;
  }
}

void guomi_sm4_encrypt_blocks(const guomi_sm4 *key, const uint8_t *in, uint8_t *out, size_t blocks) {
  any_blocks(key->path, key->encrypt, in, out, blocks);
}

void guomi_sm4_decrypt_blocks(const guomi_sm4 *key, const uint8_t *in, uint8_t *out, size_t blocks) {
  any_blocks(key->path, key->decrypt, in, out, blocks);
}

void sm4_block(const guomi_sm4 *key, const uint8_t in[16], uint8_t out[16]) {
  switch (key->path) {
#if GUOMI_X86
  case GUOMI_SM4_GFNI: sm4_gfni_block(key->encrypt, in, out); return;
  case GUOMI_SM4_AESNI: sm4_aesni_block(key->encrypt, in, out); return;
#endif
  default: sm4_scalar_block(key->encrypt, in, out); return;
  }
}

void sm4_ctr32(const guomi_sm4 *key, const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count) {
  switch (key->path) {
#if GUOMI_X86
  case GUOMI_SM4_GFNI: sm4_gfni_ctr32(key->encrypt, counter, in, out, count); return;
  case GUOMI_SM4_AESNI: sm4_aesni_ctr32(key->encrypt, counter, in, out, count); return;
#endif
  default: sm4_scalar_ctr32(key->encrypt, counter, in, out, count); return;
  }
}

void ghash_init(guomi_ghash *hash, const uint8_t hash_key[16], guomi_sm4_path path) {
  hash->path = path;
#if GUOMI_X86
  if (path != GUOMI_SM4_SCALAR) {
    ghash_clmul_init(hash->powers, hash_key);
    return;
  }
#endif
  ghash_scalar_init(hash->powers, hash_key);
}

void ghash_update(const guomi_ghash *hash, uint8_t state[16], const uint8_t *in, size_t blocks) {
  switch (hash->path) {
#if GUOMI_X86
  case GUOMI_SM4_GFNI: ghash_vclmul_update(hash->powers, state, in, blocks); return;
  case GUOMI_SM4_AESNI: ghash_clmul_update(hash->powers, state, in, blocks); return;
#endif
  default: ghash_scalar_update(hash->powers, state, in, blocks); return;
  }
}
