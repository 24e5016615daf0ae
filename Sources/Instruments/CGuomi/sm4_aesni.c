// SM4 with AES-NI and AVX2: eight blocks a group, two groups side by side.
//
// The registers are those of sm4_gfni.c at half the width. The inversion is AES's SubBytes; the matrices behind it are
// looked up by half bytes in registers (VPSHUFB), which takes the same time for every value. AESENCLAST also shifts
// the rows of its sixteen bytes; the byte rotations of the linear layer undo that on their way.

#include "sm4_paths.h"

#if GUOMI_X86

#include <immintrin.h>
#include <string.h>

#include "sm4_constants.h"

#define HALF __attribute__((target("aes,avx2,sse4.1")))
#define HALF_INLINE static inline HALF __attribute__((always_inline))

typedef struct group {
  __m256i x[4];
} group;

static const uint8_t a_low[16] = SM4_A_LOW, a_high[16] = SM4_A_HIGH;
static const uint8_t a_inverse_low[16] = SM4_A_INVERSE_LOW, a_inverse_high[16] = SM4_A_INVERSE_HIGH;
static const uint8_t b_low[16] = SM4_B_LOW, b_high[16] = SM4_B_HIGH;
static const uint8_t p_low[16] = SM4_P_LOW, p_high[16] = SM4_P_HIGH;
static const uint8_t q_low[16] = SM4_Q_LOW, q_high[16] = SM4_Q_HIGH;

// Where SubBytes with ShiftRows left the bytes, then the words turned by 0, 8, 16 and 24 bits.
static const uint8_t turn_0[16] = {0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3};
static const uint8_t turn_8[16] = {13, 10, 7, 0, 1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12};
static const uint8_t turn_16[16] = {10, 7, 0, 13, 14, 11, 4, 1, 2, 15, 8, 5, 6, 3, 12, 9};
static const uint8_t turn_24[16] = {7, 0, 13, 10, 11, 4, 1, 14, 15, 8, 5, 2, 3, 12, 9, 6};

HALF_INLINE __m128i row(const uint8_t bytes[16]) { return _mm_loadu_si128((const __m128i *)bytes); }

HALF_INLINE __m256i rows(const uint8_t bytes[16]) { return _mm256_broadcastsi128_si256(row(bytes)); }

HALF_INLINE __m256i mapped(__m256i x, const uint8_t low[16], const uint8_t high[16]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i l = _mm256_shuffle_epi8(rows(low), _mm256_and_si256(x, nibble));
  const __m256i h = _mm256_shuffle_epi8(rows(high), _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
  return _mm256_xor_si256(l, h);
}

HALF_INLINE __m256i sub_bytes(__m256i t) {
  const __m128i none = _mm_setzero_si128();
  const __m128i low = _mm_aesenclast_si128(_mm256_castsi256_si128(t), none);
  return _mm256_set_m128i(_mm_aesenclast_si128(_mm256_extracti128_si256(t, 1), none), low);
}

HALF_INLINE __m256i mixed(__m256i x0, __m256i t) {
  const __m256i s = sub_bytes(t);
  const __m256i p = mapped(s, p_low, p_high), q = mapped(s, q_low, q_high);
  const __m256i r = _mm256_xor_si256(p, q);
  const __m256i some = _mm256_xor_si256(
      _mm256_shuffle_epi8(p, rows(turn_0)), _mm256_shuffle_epi8(q, rows(turn_8)));
  const __m256i others = _mm256_xor_si256(
      _mm256_shuffle_epi8(q, rows(turn_16)), _mm256_shuffle_epi8(r, rows(turn_24)));
  return _mm256_xor_si256(x0, _mm256_xor_si256(some, others));
}

HALF_INLINE void rounds(group *g, int count, const uint32_t *round_keys) {
  for (int i = 0; i < 32; i += 4) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      const __m256i key = _mm256_set1_epi32((int)round_keys[i + k]);
#pragma clang loop unroll(full)
      for (int n = 0; n < count; n++) {
        __m256i *x = g[n].x;
        const __m256i known = _mm256_xor_si256(_mm256_xor_si256(x[(k + 1) & 3], x[(k + 2) & 3]), key);
        x[k] = mixed(x[k], _mm256_xor_si256(known, x[(k + 3) & 3]));
      }
    }
  }
}

HALF_INLINE __m256i into(__m256i x) { return mapped(x, a_low, a_high); }

HALF_INLINE void transpose(__m256i x[4]) {
  const __m256i a = _mm256_unpacklo_epi32(x[0], x[1]), b = _mm256_unpacklo_epi32(x[2], x[3]);
  const __m256i c = _mm256_unpackhi_epi32(x[0], x[1]), d = _mm256_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm256_unpacklo_epi64(a, b);
  x[1] = _mm256_unpackhi_epi64(a, b);
  x[2] = _mm256_unpacklo_epi64(c, d);
  x[3] = _mm256_unpackhi_epi64(c, d);
}

// The result in the order of memory: x[k] holds blocks 2k and 2k + 1.
HALF_INLINE void finish(group *g) {
  const group r = *g;
  for (int i = 0; i < 4; i++) g->x[i] = mapped(r.x[3 - i], a_inverse_low, a_inverse_high);
  transpose(g->x);
}

typedef struct run {
  __m256i fixed[3];
  __m256i number;
} run;

HALF_INLINE run start(const uint8_t counter[16]) {
  run r;
  for (int i = 0; i < 3; i++) {
    uint32_t word;
    memcpy(&word, counter + 4 * i, 4);
    r.fixed[i] = into(_mm256_set1_epi32((int)word));
  }
  // Element 4l + k is block 2k + l.
  r.number = _mm256_add_epi32(
      _mm256_set1_epi32((int)sm4_load(counter + 12)), _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
  return r;
}

HALF_INLINE void key_stream(group *g, int count, run *r, const uint32_t *round_keys) {
  const __m256i swap = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
#pragma clang loop unroll(full)
  for (int n = 0; n < count; n++) {
    for (int i = 0; i < 3; i++) g[n].x[i] = r->fixed[i];
    g[n].x[3] = into(_mm256_shuffle_epi8(r->number, swap));
    r->number = _mm256_add_epi32(r->number, _mm256_set1_epi32(8));
  }
  rounds(g, count, round_keys);
#pragma clang loop unroll(full)
  for (int n = 0; n < count; n++) finish(&g[n]);
}

// At most 128 · groups bytes.
HALF_INLINE void tail(
    run *r, int groups, const uint32_t *round_keys, const uint8_t *in, uint8_t *out, size_t count) {
  group g[2];
  uint8_t stream[256];
  key_stream(g, groups, r, round_keys);
  for (int i = 0; i < 4 * groups; i++) _mm256_storeu_si256((__m256i *)stream + i, g[i / 4].x[i % 4]);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    _mm_storeu_si128((__m128i *)(out + i), _mm_xor_si128(row(in + i), row(stream + i)));
  }
  for (; i < count; i++) out[i] = in[i] ^ stream[i];
  guomi_wipe(stream, (size_t)groups * 128);
}

HALF void sm4_aesni_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count) {
  run r = start(counter);
  for (; count >= 256; count -= 256, in += 256, out += 256) {
    group g[2];
    key_stream(g, 2, &r, round_keys);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
      const __m256i text = _mm256_loadu_si256((const __m256i *)in + i);
      _mm256_storeu_si256((__m256i *)out + i, _mm256_xor_si256(text, g[i / 4].x[i % 4]));
    }
  }
  if (count > 128) {
    tail(&r, 2, round_keys, in, out, count);
  } else if (count > 0) {
    tail(&r, 1, round_keys, in, out, count);
  }
}

HALF_INLINE void all_blocks(int groups, const uint32_t *round_keys, const uint8_t *in, uint8_t *out) {
  group g[2];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * groups; i++) {
    g[i / 4].x[i % 4] = into(_mm256_loadu_si256((const __m256i *)in + i));
  }
#pragma clang loop unroll(full)
  for (int n = 0; n < groups; n++) transpose(g[n].x);
  rounds(g, groups, round_keys);
#pragma clang loop unroll(full)
  for (int n = 0; n < groups; n++) finish(&g[n]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4 * groups; i++) _mm256_storeu_si256((__m256i *)out + i, g[i / 4].x[i % 4]);
}

HALF void sm4_aesni_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks) {
  for (; blocks >= 16; blocks -= 16, in += 256, out += 256) all_blocks(2, round_keys, in, out);
  if (blocks >= 8) {
    all_blocks(1, round_keys, in, out);
    blocks -= 8;
    in += 128;
    out += 128;
  }
  if (blocks == 0) return;
  uint8_t some[128] = {0};
  memcpy(some, in, 16 * blocks);
  all_blocks(1, round_keys, some, some);
  memcpy(out, some, 16 * blocks);
  guomi_wipe(some, sizeof some);
}

HALF_INLINE __m128i mapped_one(__m128i x, const uint8_t low[16], const uint8_t high[16]) {
  const __m128i nibble = _mm_set1_epi8(15);
  const __m128i l = _mm_shuffle_epi8(row(low), _mm_and_si128(x, nibble));
  return _mm_xor_si128(l, _mm_shuffle_epi8(row(high), _mm_and_si128(_mm_srli_epi16(x, 4), nibble)));
}

HALF_INLINE __m128i mixed_one(__m128i x0, __m128i t) {
  const __m128i s = _mm_aesenclast_si128(t, _mm_setzero_si128());
  const __m128i p = mapped_one(s, p_low, p_high), q = mapped_one(s, q_low, q_high);
  const __m128i r = _mm_xor_si128(p, q);
  const __m128i some = _mm_xor_si128(_mm_shuffle_epi8(p, row(turn_0)), _mm_shuffle_epi8(q, row(turn_8)));
  const __m128i others = _mm_xor_si128(_mm_shuffle_epi8(q, row(turn_16)), _mm_shuffle_epi8(r, row(turn_24)));
  return _mm_xor_si128(x0, _mm_xor_si128(some, others));
}

HALF void sm4_aesni_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]) {
  const __m128i block = mapped_one(row(in), a_low, a_high);
  __m128i x[4] = {block, _mm_srli_si128(block, 4), _mm_srli_si128(block, 8), _mm_srli_si128(block, 12)};
  for (int i = 0; i < 32; i += 4) {
#pragma clang loop unroll(full)
    for (int n = 0; n < 4; n++) {
      const __m128i known = _mm_xor_si128(
          _mm_xor_si128(x[(n + 1) & 3], x[(n + 2) & 3]), _mm_cvtsi32_si128((int)round_keys[i + n]));
      x[n] = mixed_one(x[n], _mm_xor_si128(known, x[(n + 3) & 3]));
    }
  }
  const __m128i low = _mm_unpacklo_epi32(x[3], x[2]), high = _mm_unpacklo_epi32(x[1], x[0]);
  _mm_storeu_si128(
      (__m128i *)out, mapped_one(_mm_unpacklo_epi64(low, high), a_inverse_low, a_inverse_high));
}

// The word in all four columns: shifting the rows then changes nothing.
HALF_INLINE uint32_t substitute(uint32_t word) {
  const __m128i t = _mm_xor_si128(
      mapped_one(_mm_set1_epi32((int)word), a_low, a_high), _mm_set1_epi8(SM4_A_CONSTANT));
  return (uint32_t)_mm_cvtsi128_si32(mapped_one(_mm_aesenclast_si128(t, _mm_setzero_si128()), b_low, b_high));
}

HALF void sm4_aesni_expand(uint32_t round_keys[32], const uint8_t key[16]) {
  uint32_t k[4];
  for (int i = 0; i < 4; i++) k[i] = sm4_load(key + 4 * i) ^ sm4_fk[i];
  for (uint32_t i = 0; i < 32; i++) {
    const uint32_t s = substitute(k[(i + 1) & 3] ^ k[(i + 2) & 3] ^ k[(i + 3) & 3] ^ sm4_ck(i));
    k[i & 3] ^= s ^ sm4_rol(s, 13) ^ sm4_rol(s, 23);
    round_keys[i] = __builtin_bswap32(k[i & 3]);
  }
  for (int i = 0; i < 32; i += 8) {
    __m256i *some = (__m256i *)(round_keys + i);
    _mm256_storeu_si256(
        some, _mm256_xor_si256(into(_mm256_loadu_si256(some)), _mm256_set1_epi8(SM4_A_CONSTANT)));
  }
  guomi_wipe(k, sizeof k);
}

#endif
