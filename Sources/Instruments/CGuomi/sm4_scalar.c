// SM4 for any processor: sixteen blocks as bit planes.
//
// A plane holds one bit of the 64 bytes that are the same word of sixteen blocks: lane 16 · byte + block, byte 0 the
// most significant. A rotation of the words by eight bits is then one of the plane by sixteen, a rotation by two bits
// renames planes, and the S-box is a circuit that 64 bytes go through at once.

#include <string.h>

#include "sm4_circuit.h"
#include "sm4_paths.h"

enum { LANES = 16 };

static inline plane ror(plane x, int bits) { return x >> bits | x << (64 - bits); }

// GF(4) over u² = u + 1; GF(16) over w² = w + u. Planes of a: a[0] + a[1] u, and a[0..1] + a[2..3] w.
static inline void times4(const plane a[2], const plane b[2], plane c[2]) {
  const plane low = a[0] & b[0];
  c[0] = low ^ (a[1] & b[1]);
  c[1] = ((a[0] ^ a[1]) & (b[0] ^ b[1])) ^ low;
}

static inline void times16(const plane a[4], const plane b[4], plane c[4]) {
  plane low[2], high[2], both[2];
  const plane a_sum[2] = {a[0] ^ a[2], a[1] ^ a[3]}, b_sum[2] = {b[0] ^ b[2], b[1] ^ b[3]};
  times4(a, b, low);
  times4(a + 2, b + 2, high);
  times4(a_sum, b_sum, both);
  c[0] = low[0] ^ high[1];
  c[1] = low[1] ^ high[0] ^ high[1];
  c[2] = both[0] ^ low[0];
  c[3] = both[1] ^ low[1];
}

static inline void invert16(const plane a[4], plane c[4]) {
  // In GF(4) the inverse is the square. norm = u · high² + low · high + low².
  plane norm[2];
  times4(a, a + 2, norm);
  norm[0] ^= a[3] ^ a[0] ^ a[1];
  norm[1] ^= a[2] ^ a[1];
  const plane inverse[2] = {norm[0] ^ norm[1], norm[1]};
  const plane sum[2] = {a[0] ^ a[2], a[1] ^ a[3]};
  times4(sum, inverse, c);
  times4(a + 2, inverse, c + 2);
}

static inline void sbox(const plane x[8], plane s[8]) {
  plane t[8], norm[4], product[4], inverse[4], sum[4], v[8];
  sm4_enter(x, t);
  sm4_norm(t, norm);
  times16(t, t + 4, product);
  for (int i = 0; i < 4; i++) {
    norm[i] ^= product[i];
    sum[i] = t[i] ^ t[i + 4];
  }
  invert16(norm, inverse);
  times16(sum, inverse, v);
  times16(t + 4, inverse, v + 4);
  sm4_leave(v, s);
}

// Nibble b of a round key holds bit b of its four bytes; each bit fills the sixteen lanes of its byte.
static inline plane spread(uint32_t round_key, int bit) {
  const uint64_t nibble = round_key >> (4 * bit) & 15;
  return (nibble * 0x0000200040008001u & 0x0001000100010001u) * 0xffff;
}

// x0 ^= L(S(x1 ^ x2 ^ x3 ^ key)), where L(s) = s + rol24 s + rol2(s + rol8 s + rol16 s).
static inline void round_planes(
    plane x0[8], const plane x1[8], const plane x2[8], const plane x3[8], uint32_t round_key) {
  plane t[8], s[8], three[8];
  for (int b = 0; b < 8; b++) t[b] = x1[b] ^ x2[b] ^ x3[b] ^ spread(round_key, b);
  sbox(t, s);
  for (int b = 0; b < 8; b++) three[b] = s[b] ^ ror(s[b], 16) ^ ror(s[b], 32);
  for (int b = 0; b < 8; b++) {
    x0[b] ^= s[b] ^ ror(s[b], 48) ^ (b < 2 ? ror(three[b + 6], 16) : three[b - 2]);
  }
}

// Turns a square of eight by eight bits: bit i of byte j becomes bit j of byte i.
static inline uint64_t turn(uint64_t x) {
  uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aau;
  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & 0x0000cccc0000ccccu;
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & 0x00000000f0f0f0f0u;
  return x ^ t ^ t << 28;
}

static void load_planes(const uint8_t *bytes, int word, plane x[8]) {
  for (int b = 0; b < 8; b++) x[b] = 0;
  for (int part = 0; part < 8; part++) {
    uint64_t square = 0;
    for (int i = 0; i < 8; i++) {
      const int block = part % 2 * 8 + i;
      square |= (uint64_t)bytes[16 * block + 4 * word + part / 2] << (8 * i);
    }
    square = turn(square);
    for (int b = 0; b < 8; b++) x[b] |= (square >> (8 * b) & 0xff) << (8 * part);
  }
}

static void store_planes(uint8_t *bytes, int word, const plane x[8]) {
  for (int part = 0; part < 8; part++) {
    uint64_t square = 0;
    for (int b = 0; b < 8; b++) square |= (x[b] >> (8 * part) & 0xff) << (8 * b);
    square = turn(square);
    for (int i = 0; i < 8; i++) {
      const int block = part % 2 * 8 + i;
      bytes[16 * block + 4 * word + part / 2] = (uint8_t)(square >> (8 * i));
    }
  }
}

static void sixteen(const uint32_t round_keys[32], const uint8_t in[256], uint8_t out[256]) {
  plane x[4][8];
  for (int word = 0; word < 4; word++) load_planes(in, word, x[word]);
  for (int i = 0; i < 32; i += 4) {
    round_planes(x[0], x[1], x[2], x[3], round_keys[i]);
    round_planes(x[1], x[2], x[3], x[0], round_keys[i + 1]);
    round_planes(x[2], x[3], x[0], x[1], round_keys[i + 2]);
    round_planes(x[3], x[0], x[1], x[2], round_keys[i + 3]);
  }
  for (int word = 0; word < 4; word++) store_planes(out, word, x[3 - word]);
  guomi_wipe(x, sizeof x);
}

void sm4_scalar_blocks(const uint32_t round_keys[32], const uint8_t *in, uint8_t *out, size_t blocks) {
  for (; blocks >= LANES; blocks -= LANES, in += 16 * LANES, out += 16 * LANES) sixteen(round_keys, in, out);
  if (blocks == 0) return;
  uint8_t some[16 * LANES] = {0};
  memcpy(some, in, 16 * blocks);
  sixteen(round_keys, some, some);
  memcpy(out, some, 16 * blocks);
  guomi_wipe(some, sizeof some);
}

void sm4_scalar_block(const uint32_t round_keys[32], const uint8_t in[16], uint8_t out[16]) {
  sm4_scalar_blocks(round_keys, in, out, 1);
}

void sm4_scalar_ctr32(
    const uint32_t round_keys[32], const uint8_t counter[16], const uint8_t *in, uint8_t *out, size_t count) {
  uint8_t stream[16 * LANES];
  uint32_t number = sm4_load(counter + 12);
  while (count > 0) {
    for (int i = 0; i < LANES; i++) {
      memcpy(stream + 16 * i, counter, 12);
      sm4_store(stream + 16 * i + 12, number + (uint32_t)i);
    }
    number += LANES;
    sixteen(round_keys, stream, stream);
    const size_t part = count < sizeof stream ? count : sizeof stream;
    for (size_t i = 0; i < part; i++) out[i] = in[i] ^ stream[i];
    in += part;
    out += part;
    count -= part;
  }
  guomi_wipe(stream, sizeof stream);
}

// The S-box on the four bytes of a word, each byte in the first lane of its sixteen.
static uint32_t substitute(uint32_t word) {
  plane x[8], s[8];
  for (int b = 0; b < 8; b++) {
    x[b] = 0;
    for (int i = 0; i < 4; i++) x[b] |= (uint64_t)(word >> (24 - 8 * i + b) & 1) << (16 * i);
  }
  sbox(x, s);
  uint32_t out = 0;
  for (int b = 0; b < 8; b++) {
    for (int i = 0; i < 4; i++) out |= (uint32_t)(s[b] >> (16 * i) & 1) << (24 - 8 * i + b);
  }
  return out;
}

static uint32_t nibbles(uint32_t word) {
  uint32_t out = 0;
  for (int b = 0; b < 8; b++) {
    for (int i = 0; i < 4; i++) out |= (word >> (24 - 8 * i + b) & 1) << (4 * b + i);
  }
  return out;
}

void sm4_scalar_expand(uint32_t round_keys[32], const uint8_t key[16]) {
  uint32_t k[4];
  for (int i = 0; i < 4; i++) k[i] = sm4_load(key + 4 * i) ^ sm4_fk[i];
  for (uint32_t i = 0; i < 32; i++) {
    const uint32_t s = substitute(k[(i + 1) & 3] ^ k[(i + 2) & 3] ^ k[(i + 3) & 3] ^ sm4_ck(i));
    k[i & 3] ^= s ^ sm4_rol(s, 13) ^ sm4_rol(s, 23);
    round_keys[i] = nibbles(k[i & 3]);
  }
  guomi_wipe(k, sizeof k);
}
