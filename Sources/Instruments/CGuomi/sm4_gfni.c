// SM4 with GFNI and AVX-512: sixteen blocks a group, four groups side by side.
//
// A register holds the same word of sixteen blocks, in the byte order of memory, each byte mapped by the matrix A
// (scripts/guomi-constants). A round is then three inversions with different matrices behind them, three rotations
// and two three-way sums; the words are mapped back at the end.

#include "sm4_paths.h"

#if GUOMI_X86

#include <immintrin.h>
#include <string.h>

#include "sm4_constants.h"

#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,gfni,bmi2")))
#define WIDE_INLINE static inline WIDE __attribute__((always_inline))

typedef struct group {
  __m512i x[4];
} group;

WIDE_INLINE __m512i xor3(__m512i a, __m512i b, __m512i c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }

// x0 + P s + rol8(Q s) + rol16(Q s) + rol24((P + Q) s); in memory's byte order rotations run the other way.
WIDE_INLINE __m512i mixed(__m512i x0, __m512i t) {
  const __m512i p = _mm512_gf2p8affineinv_epi64_epi8(t, _mm512_set1_epi64((long long)SM4_P), 0);
  const __m512i q = _mm512_gf2p8affineinv_epi64_epi8(t, _mm512_set1_epi64((long long)SM4_Q), SM4_Q_CONSTANT);
  const __m512i r = _mm512_xor_si512(p, q);
  const __m512i some = xor3(x0, p, _mm512_ror_epi32(q, 8));
  return xor3(some, _mm512_rol_epi32(q, 16), _mm512_rol_epi32(r, 8));
}

// All rounds of some groups. `count` is a constant where it is called, so that all stays in registers.
WIDE_INLINE void rounds(group *g, int count, const uint32_t *round_keys) {
  for (int i = 0; i < 32; i += 4) {
    const __m512i k0 = _mm512_set1_epi32((int)round_keys[i]), k1 = _mm512_set1_epi32((int)round_keys[i + 1]);
    const __m512i k2 = _mm512_set1_epi32((int)round_keys[i + 2]), k3 = _mm512_set1_epi32((int)round_keys[i + 3]);
    __m512i pair[4];
#pragma clang loop unroll(full)
    for (int n = 0; n < count; n++) {
      pair[n] = _mm512_xor_si512(g[n].x[2], g[n].x[3]);
      g[n].x[0] = mixed(g[n].x[0], xor3(g[n].x[1], pair[n], k0));
    }
#pragma clang loop unroll(full)
    for (int n = 0; n < count; n++) g[n].x[1] = mixed(g[n].x[1], xor3(pair[n], g[n].x[0], k1));
#pragma clang loop unroll(full)
    for (int n = 0; n < count; n++) {
      pair[n] = _mm512_xor_si512(g[n].x[0], g[n].x[1]);
      g[n].x[2] = mixed(g[n].x[2], xor3(g[n].x[3], pair[n], k2));
    }
#pragma clang loop unroll(full)
    for (int n = 0; n < count; n++) g[n].x[3] = mixed(g[n].x[3], xor3(pair[n], g[n].x[2], k3));
  }
}

WIDE_INLINE __m512i into(__m512i x) {
  return _mm512_gf2p8affine_epi64_epi8(x, _mm512_set1_epi64((long long)SM4_A), 0);
}

WIDE_INLINE __m512i back(__m512i x) {
  return _mm512_gf2p8affine_epi64_epi8(x, _mm512_set1_epi64((long long)SM4_A_INVERSE), 0);
}

// In each quarter, word k of row i becomes word i of row k.
WIDE_INLINE void transpose(__m512i x[4]) {
  const __m512i a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpacklo_epi32(x[2], x[3]);
  const __m512i c = _mm512_unpackhi_epi32(x[0], x[1]), d = _mm512_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm512_unpacklo_epi64(a, b);
  x[1] = _mm512_unpackhi_epi64(a, b);
  x[2] = _mm512_unpacklo_epi64(c, d);
  x[3] = _mm512_unpackhi_epi64(c, d);
}

// The result in the order of memory: x[k] holds blocks 4k to 4k + 3.
WIDE_INLINE void finish(group *g) {
  const group r = *g;
  for (int i = 0; i < 4; i++) g->x[i] = back(r.x[3 - i]);
  transpose(g->x);
}

WIDE_INLINE __mmask64 mask(size_t count) { return count >= 64 ? ~0ull : _bzhi_u64(~0ull, (unsigned)count); }

// What is the same in all blocks of one counter run.
typedef struct run {
  __m512i fixed[3];
  __m512i number;
} run;

WIDE_INLINE run start(const uint8_t counter[16]) {
  run r;
  for (int i = 0; i < 3; i++) {
    uint32_t word;
    memcpy(&word, counter + 4 * i, 4);
    r.fixed[i] = into(_mm512_set1_epi32((int)word));
  }
  // Element 4l + k is block 4k + l, so that one transposition in the quarters puts the blocks in order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  r.number = _mm512_add_epi32(_mm512_set1_epi32((int)sm4_load(counter + 12)), order);
  return r;
}

WIDE_INLINE void key_stream(group *g, int count, run *r, const uint32_t *round_keys) {
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
#pragma clang loop unroll(full)
  for (int n = 0; n < count; n++) {
    for (int i = 0; i < 3; i++) g[n].x[i] = r->fixed[i];
    g[n].x[3] = into(_mm512_shuffle_epi8(r->number, swap));
    r->number = _mm512_add_epi32(r->number, _mm512_set1_epi32(16));
  }
  rounds(g, count, round_keys);
#pragma clang loop unroll(full)
  for (int n = 0; n < count; n++) finish(&g[n]);
}

// At most 256 · count bytes.
WIDE_INLINE void tail(
    run *r, int groups, const uint32_t *round_keys, const uint8_t *in, uint8_t *out, size_t count) {
  group g[4];
  key_stream(g, groups, r, round_keys);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * groups; i++) {
    if (count <= 64 * (size_t)i) return;
    const __mmask64 m = mask(count - 64 * (size_t)i);
    const __m512i text = _mm512_maskz_loadu_epi8(m, in + 64 * i);
    _mm512_mask_storeu_epi8(out + 64 * i, m, _mm512_xor_si512(text, g[i / 4].x[i % 4]));
  }
}

WIDE void sm4_gfni_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count) {
  run r = start(counter);
  for (; count >= 1024; count -= 1024, in += 1024, out += 1024) {
    group g[4];
    key_stream(g, 4, &r, round_keys);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      const __m512i text = _mm512_loadu_si512(in + 64 * i);
      _mm512_storeu_si512(out + 64 * i, _mm512_xor_si512(text, g[i / 4].x[i % 4]));
    }
  }
  if (count > 512) {
    tail(&r, 4, round_keys, in, out, count);
  } else if (count > 256) {
    tail(&r, 2, round_keys, in, out, count);
  } else if (count > 0) {
    tail(&r, 1, round_keys, in, out, count);
  }
}

// At most 16 · groups blocks.
WIDE_INLINE void some_blocks(
    int groups, const uint32_t *round_keys, const uint8_t *in, uint8_t *out, size_t blocks) {
  group g[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * groups; i++) {
    g[i / 4].x[i % 4] = _mm512_setzero_si512();
    if (blocks <= 4 * (size_t)i) continue;
    g[i / 4].x[i % 4] = into(_mm512_maskz_loadu_epi8(mask(16 * blocks - 64 * (size_t)i), in + 64 * i));
  }
#pragma clang loop unroll(full)
  for (int n = 0; n < groups; n++) transpose(g[n].x);
  rounds(g, groups, round_keys);
#pragma clang loop unroll(full)
  for (int n = 0; n < groups; n++) finish(&g[n]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * groups; i++) {
    if (blocks <= 4 * (size_t)i) return;
    _mm512_mask_storeu_epi8(out + 64 * i, mask(16 * blocks - 64 * (size_t)i), g[i / 4].x[i % 4]);
  }
}

WIDE void sm4_gfni_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks) {
  for (; blocks >= 64; blocks -= 64, in += 1024, out += 1024) some_blocks(4, round_keys, in, out, 64);
  if (blocks > 16) {
    some_blocks(4, round_keys, in, out, blocks);
  } else if (blocks > 0) {
    some_blocks(1, round_keys, in, out, blocks);
  }
}

WIDE_INLINE __m128i mixed_one(__m128i x0, __m128i t) {
  const __m128i p = _mm_gf2p8affineinv_epi64_epi8(t, _mm_set1_epi64x((long long)SM4_P), 0);
  const __m128i q = _mm_gf2p8affineinv_epi64_epi8(t, _mm_set1_epi64x((long long)SM4_Q), SM4_Q_CONSTANT);
  const __m128i r = _mm_xor_si128(p, q);
  const __m128i some = _mm_ternarylogic_epi64(x0, p, _mm_ror_epi32(q, 8), 0x96);
  return _mm_ternarylogic_epi64(some, _mm_rol_epi32(q, 16), _mm_rol_epi32(r, 8), 0x96);
}

WIDE void sm4_gfni_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]) {
  const __m128i block = _mm_gf2p8affine_epi64_epi8(
      _mm_loadu_si128((const __m128i *)in), _mm_set1_epi64x((long long)SM4_A), 0);
  __m128i x[4] = {block, _mm_srli_si128(block, 4), _mm_srli_si128(block, 8), _mm_srli_si128(block, 12)};
  for (int i = 0; i < 32; i += 4) {
#pragma clang loop unroll(full)
    for (int n = 0; n < 4; n++) {
      // What was there first goes in first: only the newest word is waited for.
      const __m128i known = _mm_ternarylogic_epi64(
          x[(n + 1) & 3], x[(n + 2) & 3], _mm_cvtsi32_si128((int)round_keys[i + n]), 0x96);
      x[n] = mixed_one(x[n], _mm_xor_si128(known, x[(n + 3) & 3]));
    }
  }
  const __m128i low = _mm_unpacklo_epi32(x[3], x[2]), high = _mm_unpacklo_epi32(x[1], x[0]);
  _mm_storeu_si128((__m128i *)out, _mm_gf2p8affine_epi64_epi8(
      _mm_unpacklo_epi64(low, high), _mm_set1_epi64x((long long)SM4_A_INVERSE), 0));
}

WIDE_INLINE uint32_t substitute(uint32_t word) {
  const __m128i t = _mm_gf2p8affine_epi64_epi8(
      _mm_cvtsi32_si128((int)word), _mm_set1_epi64x((long long)SM4_A), SM4_A_CONSTANT);
  return (uint32_t)_mm_cvtsi128_si32(
      _mm_gf2p8affineinv_epi64_epi8(t, _mm_set1_epi64x((long long)SM4_B), SM4_B_CONSTANT));
}

WIDE void sm4_gfni_expand(uint32_t round_keys[32], const uint8_t key[16]) {
  uint32_t k[4];
  for (int i = 0; i < 4; i++) k[i] = sm4_load(key + 4 * i) ^ sm4_fk[i];
  for (uint32_t i = 0; i < 32; i++) {
    const uint32_t s = substitute(k[(i + 1) & 3] ^ k[(i + 2) & 3] ^ k[(i + 3) & 3] ^ sm4_ck(i));
    k[i & 3] ^= s ^ sm4_rol(s, 13) ^ sm4_rol(s, 23);
    round_keys[i] = __builtin_bswap32(k[i & 3]);
  }
  for (int i = 0; i < 32; i += 16) {
    const __m512i mapped = _mm512_gf2p8affine_epi64_epi8(
        _mm512_loadu_si512(round_keys + i), _mm512_set1_epi64((long long)SM4_A), SM4_A_CONSTANT);
    _mm512_storeu_si512(round_keys + i, mapped);
  }
  guomi_wipe(k, sizeof k);
}

#endif
