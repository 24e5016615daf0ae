// What the files of SM3 share.

#ifndef SM3_COMPRESS_H
#define SM3_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

/// Compresses whole blocks on the best path of this processor.
void guomi_sm3_compress(uint32_t chain[8], const uint8_t *blocks, size_t count);

#if defined(__x86_64__)
/// Needs AVX2, BMI1 and BMI2.
void guomi_sm3_compress_avx2(uint32_t chain[8], const uint8_t *blocks, size_t count);
#endif

static inline uint32_t guomi_load32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void guomi_store32(uint8_t *bytes, uint32_t word) {
  bytes[0] = (uint8_t)(word >> 24);
  bytes[1] = (uint8_t)(word >> 16);
  bytes[2] = (uint8_t)(word >> 8);
  bytes[3] = (uint8_t)word;
}

#endif
