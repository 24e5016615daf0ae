// GHASH with PCLMULQDQ, eight blocks to a reduction, and with VPCLMULQDQ, sixteen.
//
// As POLYVAL, see ghash_scalar.c. The table holds the hash key's powers 16 to 1, so that n blocks take its last n.

#include "sm4_paths.h"

#if GUOMI_X86

#include <immintrin.h>

#define CLMUL __attribute__((target("pclmul,avx2,sse4.1")))
#define CLMUL_INLINE static inline CLMUL __attribute__((always_inline))
#define VCLMUL __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul,bmi2")))
#define VCLMUL_INLINE static inline VCLMUL __attribute__((always_inline))

enum { POWERS = 16 };

CLMUL_INLINE __m128i load(const void *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }

CLMUL_INLINE __m128i reversal(void) { return _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0); }

CLMUL_INLINE __m128i reversed(__m128i x) { return _mm_shuffle_epi8(x, reversal()); }

typedef struct sum {
  __m128i low, middle, high;
} sum;

CLMUL_INLINE void add_product(sum *s, __m128i a, __m128i b) {
  s->low = _mm_xor_si128(s->low, _mm_clmulepi64_si128(a, b, 0x00));
  s->high = _mm_xor_si128(s->high, _mm_clmulepi64_si128(a, b, 0x11));
  const __m128i cross = _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10));
  s->middle = _mm_xor_si128(s->middle, cross);
}

CLMUL_INLINE sum nothing(void) {
  const sum s = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
  return s;
}

// Times x^-128: folds the two low words up, one after the other.
CLMUL_INLINE __m128i reduced(sum s) {
  const __m128i polynomial = _mm_set1_epi64x((long long)0xc200000000000000u);
  __m128i low = _mm_xor_si128(s.low, _mm_slli_si128(s.middle, 8));
  const __m128i high = _mm_xor_si128(s.high, _mm_srli_si128(s.middle, 8));
  low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, polynomial, 0x00));
  low = _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), _mm_clmulepi64_si128(low, polynomial, 0x00));
  return _mm_xor_si128(high, low);
}

CLMUL void ghash_clmul_init(uint64_t powers[32], const uint8_t hash_key[16]) {
  // The hash key times x: its highest bit comes back as the polynomial.
  const __m128i h = reversed(load(hash_key));
  const __m128i carry = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xff), 31);
  const __m128i shifted = _mm_or_si128(_mm_slli_epi64(h, 1), _mm_slli_si128(_mm_srli_epi64(h, 63), 8));
  const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000u, 1);
  const __m128i first = _mm_xor_si128(shifted, _mm_and_si128(carry, polynomial));
  __m128i power = first;
  for (int i = POWERS - 1; i >= 0; i--) {
    _mm_storeu_si128((__m128i *)powers + i, power);
    sum s = nothing();
    add_product(&s, power, first);
    power = reduced(s);
  }
}

CLMUL void ghash_clmul_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks) {
  __m128i y = reversed(load(state));
  while (blocks > 0) {
    const size_t part = blocks < 8 ? blocks : 8;
    const __m128i *power = (const __m128i *)powers + POWERS - part;
    sum s = nothing();
    add_product(&s, _mm_xor_si128(y, reversed(load(in))), load(power));
    for (size_t i = 1; i < part; i++) add_product(&s, reversed(load(in + 16 * i)), load(power + i));
    y = reduced(s);
    in += 16 * part;
    blocks -= part;
  }
  _mm_storeu_si128((__m128i *)state, reversed(y));
}

typedef struct wide_sum {
  __m512i low, middle, high;
} wide_sum;

VCLMUL_INLINE __m512i xor3(__m512i a, __m512i b, __m512i c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }

VCLMUL_INLINE void add_wide(wide_sum *s, __m512i a, __m512i b) {
  s->low = _mm512_xor_si512(s->low, _mm512_clmulepi64_epi128(a, b, 0x00));
  s->high = _mm512_xor_si512(s->high, _mm512_clmulepi64_epi128(a, b, 0x11));
  s->middle = xor3(s->middle, _mm512_clmulepi64_epi128(a, b, 0x01), _mm512_clmulepi64_epi128(a, b, 0x10));
}

VCLMUL_INLINE __m128i folded(__m512i x) {
  const __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
  return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

VCLMUL_INLINE __m128i reduced_wide(wide_sum w) {
  const sum s = {folded(w.low), folded(w.middle), folded(w.high)};
  return reduced(s);
}

VCLMUL_INLINE wide_sum nothing_wide(void) {
  const wide_sum s = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  return s;
}

VCLMUL void ghash_vclmul_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks) {
  const __m512i reversal4 = _mm512_broadcast_i32x4(reversal());
  __m128i y = reversed(load(state));
  for (; blocks >= POWERS; blocks -= POWERS, in += 16 * POWERS) {
    wide_sum s = nothing_wide();
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      __m512i x = _mm512_shuffle_epi8(_mm512_loadu_si512(in + 64 * i), reversal4);
      if (i == 0) x = _mm512_xor_si512(x, _mm512_zextsi128_si512(y));
      add_wide(&s, x, _mm512_loadu_si512(powers + 8 * i));
    }
    y = reduced_wide(s);
  }
  if (blocks > 0) {
    const uint64_t *power = powers + 2 * (POWERS - blocks);
    wide_sum s = nothing_wide();
    for (size_t i = 0; 4 * i < blocks; i++) {
      const unsigned words = (unsigned)(2 * blocks - 8 * i);
      const __mmask8 mask = (__mmask8)_bzhi_u32(0xff, words < 8 ? words : 8);
      __m512i x = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi64(mask, in + 64 * i), reversal4);
      if (i == 0) x = _mm512_xor_si512(x, _mm512_zextsi128_si512(y));
      add_wide(&s, x, _mm512_maskz_loadu_epi64(mask, power + 8 * i));
    }
    y = reduced_wide(s);
  }
  _mm_storeu_si128((__m128i *)state, reversed(y));
}

#endif
