// GHASH for any processor, with integer multiplications only.
//
// GHASH is computed as POLYVAL (RFC 8452, Appendix A): blocks with their bytes reversed, the hash key times x, and
// products times x^-128 modulo x^128 + x^127 + x^126 + x^121 + 1. A product without carries comes from four times four
// ordinary ones of numbers with three empty bits between two used ones, where carries fall into the gaps.

#include "sm4_paths.h"

static inline uint64_t load(const uint8_t *bytes) {
  return (uint64_t)sm4_load(bytes) << 32 | sm4_load(bytes + 4);
}

static inline void store(uint8_t *bytes, uint64_t value) {
  sm4_store(bytes, (uint32_t)(value >> 32));
  sm4_store(bytes + 4, (uint32_t)value);
}

// The low half of the product without carries.
static inline uint64_t times(uint64_t x, uint64_t y) {
  const uint64_t every = 0x1111111111111111u;
  uint64_t product = 0;
  for (int i = 0; i < 4; i++) {
    uint64_t part = 0;
    for (int j = 0; j < 4; j++) part ^= (x & every << j) * (y & every << ((i - j) & 3));
    product |= part & every << i;
  }
  return product;
}

static inline uint64_t reversed(uint64_t x) {
  x = (x & 0x5555555555555555u) << 1 | (x >> 1 & 0x5555555555555555u);
  x = (x & 0x3333333333333333u) << 2 | (x >> 2 & 0x3333333333333333u);
  x = (x & 0x0f0f0f0f0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0fu);
  return __builtin_bswap64(x);
}

void ghash_scalar_init(uint64_t powers[32], const uint8_t hash_key[16]) {
  uint64_t high = load(hash_key), low = load(hash_key + 8);
  const uint64_t carry = 0 - (high >> 63);
  high = high << 1 | low >> 63;
  low <<= 1;
  powers[0] = low ^ (carry & 1);
  powers[1] = high ^ (carry & 0xc200000000000000u);
  powers[2] = reversed(powers[0]);
  powers[3] = reversed(powers[1]);
}

void ghash_scalar_update(const uint64_t powers[32], uint8_t state[16], const uint8_t *in, size_t blocks) {
  const uint64_t h0 = powers[0], h1 = powers[1], r0 = powers[2], r1 = powers[3];
  uint64_t y1 = load(state), y0 = load(state + 8);
  for (; blocks > 0; blocks--, in += 16) {
    y1 ^= load(in);
    y0 ^= load(in + 8);
    // Karatsuba; the upper halves by the product of the reversed numbers.
    const uint64_t s0 = reversed(y0), s1 = reversed(y1);
    const uint64_t low = times(y0, h0), high = times(y1, h1);
    const uint64_t low_up = reversed(times(s0, r0)) >> 1, high_up = reversed(times(s1, r1)) >> 1;
    const uint64_t middle = times(y0 ^ y1, h0 ^ h1) ^ low ^ high;
    const uint64_t middle_up = (reversed(times(s0 ^ s1, r0 ^ r1)) >> 1) ^ low_up ^ high_up;
    uint64_t c0 = low, c1 = low_up ^ middle, c2 = high ^ middle_up, c3 = high_up;
    c1 ^= c0 << 63 ^ c0 << 62 ^ c0 << 57;
    c2 ^= c0 ^ c0 >> 1 ^ c0 >> 2 ^ c0 >> 7;
    c2 ^= c1 << 63 ^ c1 << 62 ^ c1 << 57;
    c3 ^= c1 ^ c1 >> 1 ^ c1 >> 2 ^ c1 >> 7;
    y0 = c2;
    y1 = c3;
  }
  store(state, y1);
  store(state + 8, y0);
}
