// Made by scripts/guomi-constants, which says how; do not edit.

#ifndef GUOMI_SM4_CIRCUIT_H
#define GUOMI_SM4_CIRCUIT_H

#include "sm4_plane.h"

// Into the tower, with the S-box's first affine map.
static inline void sm4_enter(const plane x[8], plane t[8]) {
  const plane t8 = x[0] ^ x[6];
  const plane t9 = x[5] ^ t8;
  const plane t10 = x[1] ^ x[4];
  const plane t11 = x[2] ^ t10;
  t[0] = x[4] ^ t9;
  t[1] = x[5] ^ t10;
  t[2] = ~x[5];
  t[3] = x[1] ^ x[2] ^ t9;
  t[4] = t8 ^ t11;
  t[5] = ~x[6];
  t[6] = ~(x[2] ^ x[7]);
  t[7] = ~(x[3] ^ t9 ^ t11);
}

// nu · high² + low², with nu = 9.
static inline void sm4_norm(const plane t[8], plane n[4]) {
  const plane n8 = t[5] ^ t[7];
  const plane n9 = t[3] ^ t[4];
  const plane n10 = t[1] ^ n8;
  n[0] = t[0] ^ t[6] ^ n9 ^ n10;
  n[1] = t[2] ^ n10;
  n[2] = t[2] ^ t[3] ^ t[5];
  n[3] = n9;
}

// Out of the tower, with the S-box's second affine map.
static inline void sm4_leave(const plane v[8], plane s[8]) {
  const plane s8 = v[1] ^ v[4];
  const plane s9 = v[0] ^ v[6];
  const plane s10 = v[7] ^ s9;
  const plane s11 = v[2] ^ s8;
  const plane s12 = v[1] ^ v[3];
  s[0] = ~(v[0] ^ v[2]);
  s[1] = ~(v[4] ^ s9);
  s[2] = s11;
  s[3] = s10;
  s[4] = ~(v[5] ^ s12);
  s[5] = v[7] ^ s12;
  s[6] = ~(v[0] ^ v[5] ^ s8);
  s[7] = ~(v[3] ^ s10 ^ s11);
}

#endif
