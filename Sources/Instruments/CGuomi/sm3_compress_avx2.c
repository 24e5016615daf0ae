// SM3 on x86-64 with AVX2 and BMI2: the message is expanded four words at a time in vector registers, which have
// units of their own, while the rounds go on in the ordinary ones.
//
// A round is written in assembly because its order decides: e and a come last of all that the next round needs, so
// whatever does not need them is added up before. That costs 6 cycles a round until the 16th and 7 from there on,
// with the four arithmetic units nearly full; a compiler's order costs some 5 % more.

#include "sm3_compress.h"

#if defined(__x86_64__)

#include <immintrin.h>

// T_j turned left by j, as a constant of the instruction.
#define TURNED(word, j) ((word) << ((j) & 31) | (uint32_t)((uint64_t)(word) >> (32 - ((j) & 31))))
#define T(j) ((int32_t)((j) < 16 ? TURNED(0x79cc4519u, j) : TURNED(0x7a879d8au, j)))

// d += W' + FF(a, b, c), a last: parity in the first 16 rounds, then majority as (b & c) + (a & (b ^ c)).
#define FF0 \
  "movl %[b], %[t2]\n xorl %[c], %[t2]\n addl %[x], %[d]\n xorl %[a], %[t2]\n addl %[t2], %[d]\n"
#define FF1 \
  "movl %[c], %[t2]\n movl %[c], %[t3]\n andl %[b], %[t2]\n xorl %[b], %[t3]\n addl %[x], %[d]\n" \
  "andl %[a], %[t3]\n addl %[t2], %[d]\n addl %[t3], %[d]\n"
// h += W + GG(e, f, g), e last: parity, then choice as (~e & g) + (e & f).
#define GG0 \
  "movl %[f], %[t2]\n xorl %[g], %[t2]\n addl %[w], %[h]\n xorl %[e], %[t2]\n addl %[t2], %[h]\n"
#define GG1 \
  "addl %[w], %[h]\n andnl %[g], %[e], %[t2]\n addl %[t2], %[h]\n movl %[f], %[t2]\n andl %[e], %[t2]\n" \
  "addl %[t2], %[h]\n"

// The caller turns the names instead of moving the words: afterwards d is the new a, and h the new e.
#define ROUND(a_, b_, c_, d_, e_, f_, g_, h_, j, w_, x_, FF, GG) do { \
  uint32_t t0, t1, t2, t3; \
  __asm__ volatile( \
      "rorxl $20, %[a], %[t0]\n" GG "leal %c[k](%q[t0]), %[t1]\n addl %[e], %[t1]\n roll $7, %[t1]\n" \
      "addl %[t1], %[h]\n xorl %[t1], %[t0]\n" FF "addl %[t0], %[d]\n" \
      "rorxl $23, %[h], %[t1]\n rorxl $15, %[h], %[t2]\n xorl %[t1], %[h]\n xorl %[t2], %[h]\n" \
      "roll $9, %[b]\n roll $19, %[f]\n" \
      : [a] "+r"(a_), [b] "+r"(b_), [d] "+r"(d_), [f] "+r"(f_), [h] "+r"(h_), [t0] "=&r"(t0), [t1] "=&r"(t1), \
        [t2] "=&r"(t2), [t3] "=&r"(t3) \
      : [c] "r"(c_), [e] "r"(e_), [g] "r"(g_), [w] "m"(w_), [x] "m"(x_), [k] "i"(T(j)) \
      : "cc"); \
} while (0)

#define FOUR_ROUNDS(j, at, FF, GG) \
  ROUND(a, b, c, d, e, f, g, h, (j) + 0, w[at + 0], x[at + 0], FF, GG); \
  ROUND(d, a, b, c, h, e, f, g, (j) + 1, w[at + 1], x[at + 1], FF, GG); \
  ROUND(c, d, a, b, g, h, e, f, (j) + 2, w[at + 2], x[at + 2], FF, GG); \
  ROUND(b, c, d, a, f, g, h, e, (j) + 3, w[at + 3], x[at + 3], FF, GG)

// v0 = W[j…j+3], v1 = W[j+4…j+7]; w and x keep W and W' of the last four steps.
#define STEP(j, v0, v1, FF, GG) do { \
  _mm_store_si128((__m128i *)(w + (j) % 16), v0); \
  _mm_store_si128((__m128i *)(x + (j) % 16), _mm_xor_si128(v0, v1)); \
  FOUR_ROUNDS(j, (j) % 16, FF, GG); \
} while (0)
// v1 holds W[j-12…j-9] and becomes W[j+4…j+7].
#define EXPANDING_STEP(j, v0, v1, v2, v3, FF, GG) do { v1 = expand(v1, v2, v3, v0); STEP(j, v0, v1, FF, GG); } while (0)

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define VECTOR_TURN(x, n) _mm_or_si128(_mm_slli_epi32(x, n), _mm_srli_epi32(x, 32 - (n)))
#define VECTOR_XOR3(x, y, z) _mm_xor_si128(_mm_xor_si128(x, y), z)

/// The four words after the sixteen words w0 … w3.
TARGET static inline __m128i expand(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
  __m128i minus13 = _mm_alignr_epi8(w1, w0, 12);
  __m128i minus9 = _mm_alignr_epi8(w2, w1, 12);
  __m128i minus6 = _mm_alignr_epi8(w3, w2, 8);
  // The fourth of these is the first of the words sought: zero for now.
  __m128i minus3 = _mm_srli_si128(w3, 4);
  __m128i inner = VECTOR_XOR3(w0, minus9, VECTOR_TURN(minus3, 15));
  __m128i rest = _mm_xor_si128(VECTOR_TURN(minus13, 7), minus6);
  __m128i words = _mm_xor_si128(
      VECTOR_XOR3(inner, VECTOR_TURN(inner, 15), VECTOR_TURN(inner, 23)), rest);
  // P1 is linear: what the first word adds to the fourth comes on top, P1(w <<< 15).
  __m128i late = VECTOR_TURN(_mm_slli_si128(words, 12), 15);
  return _mm_xor_si128(words, VECTOR_XOR3(late, VECTOR_TURN(late, 15), VECTOR_TURN(late, 23)));
}

TARGET void guomi_sm3_compress_avx2(uint32_t chain[8], const uint8_t *blocks, size_t count) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  uint32_t a = chain[0], b = chain[1], c = chain[2], d = chain[3];
  uint32_t e = chain[4], f = chain[5], g = chain[6], h = chain[7];
  uint32_t w[16] __attribute__((aligned(16))), x[16] __attribute__((aligned(16)));
  for (; count > 0; count--, blocks += 64) {
    __m128i v0 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)blocks), swap);
    __m128i v1 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 16)), swap);
    __m128i v2 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 32)), swap);
    __m128i v3 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 48)), swap);
    STEP(0, v0, v1, FF0, GG0);
    STEP(4, v1, v2, FF0, GG0);
    STEP(8, v2, v3, FF0, GG0);
    EXPANDING_STEP(12, v3, v0, v1, v2, FF0, GG0);
    EXPANDING_STEP(16, v0, v1, v2, v3, FF1, GG1);
    EXPANDING_STEP(20, v1, v2, v3, v0, FF1, GG1);
    EXPANDING_STEP(24, v2, v3, v0, v1, FF1, GG1);
    EXPANDING_STEP(28, v3, v0, v1, v2, FF1, GG1);
    EXPANDING_STEP(32, v0, v1, v2, v3, FF1, GG1);
    EXPANDING_STEP(36, v1, v2, v3, v0, FF1, GG1);
    EXPANDING_STEP(40, v2, v3, v0, v1, FF1, GG1);
    EXPANDING_STEP(44, v3, v0, v1, v2, FF1, GG1);
    EXPANDING_STEP(48, v0, v1, v2, v3, FF1, GG1);
    EXPANDING_STEP(52, v1, v2, v3, v0, FF1, GG1);
    EXPANDING_STEP(56, v2, v3, v0, v1, FF1, GG1);
    EXPANDING_STEP(60, v3, v0, v1, v2, FF1, GG1);
    a = chain[0] ^= a;
    b = chain[1] ^= b;
    c = chain[2] ^= c;
    d = chain[3] ^= d;
    e = chain[4] ^= e;
    f = chain[5] ^= f;
    g = chain[6] ^= g;
    h = chain[7] ^= h;
  }
}

#endif
