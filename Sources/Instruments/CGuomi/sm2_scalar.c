// Numbers modulo the order n of the SM2 curve: four 64-bit limbs, least first, no branch and no address that depends
// on a value.

#include <string.h>

#include "guomi_memory.h"
#include "guomi_sm2.h"

typedef unsigned __int128 wide;

typedef struct {
  uint64_t limb[4];
} scalar;

static const scalar order = {{0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff}};
/// n - 2, the exponent of the inverse.
static const scalar exponent = {{0x53bbf40939d54121, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff}};
/// 2^512 mod n.
static const scalar squared_radix = {{0x901192af7c114f20, 0x3464504ade6fa2fa, 0x620fc84c3affe0d4, 0x1eb5e412a22b3d3b}};
/// -n^-1 mod 2^64.
static const uint64_t order_negated_inverse = 0x327f9e8872350975;

static scalar load(const uint8_t bytes[32]) {
  scalar value;
  for (int i = 0; i < 4; i++) {
    uint64_t limb = 0;
    for (int j = 0; j < 8; j++) limb = limb << 8 | bytes[(3 - i) * 8 + j];
    value.limb[i] = limb;
  }
  return value;
}

static void store(uint8_t bytes[32], const scalar *value) {
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 8; j++) bytes[(3 - i) * 8 + j] = (uint8_t)(value->limb[i] >> (56 - 8 * j));
  }
}

/// difference = left - right; 1 when that is below zero.
static uint64_t subtract(scalar *difference, const scalar *left, const scalar *right) {
  uint64_t borrow = 0;
  for (int i = 0; i < 4; i++) {
    wide d = (wide)left->limb[i] - right->limb[i] - borrow;
    difference->limb[i] = (uint64_t)d;
    borrow = (uint64_t)(d >> 64) & 1;
  }
  return borrow;
}

/// value = choice ? other : value.
static void choose(scalar *value, const scalar *other, uint64_t choice) {
  uint64_t mask = 0 - choice;
  for (int i = 0; i < 4; i++) value->limb[i] ^= mask & (value->limb[i] ^ other->limb[i]);
}

/// 1 when zero.
static uint64_t is_zero(const scalar *value) {
  uint64_t all = value->limb[0] | value->limb[1] | value->limb[2] | value->limb[3];
  return 1 ^ ((all | (0 - all)) >> 63);
}

static uint64_t is_below_order(const scalar *value) {
  scalar unused;
  return subtract(&unused, value, &order);
}

/// Takes n away once: 2^256 < 2n.
static void reduce(scalar *value, uint64_t carry) {
  scalar less;
  uint64_t borrow = subtract(&less, value, &order);
  choose(value, &less, carry | (borrow ^ 1));
}

/// Both below n.
static scalar plus(const scalar *left, const scalar *right) {
  scalar sum;
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    wide s = (wide)left->limb[i] + right->limb[i] + carry;
    sum.limb[i] = (uint64_t)s;
    carry = (uint64_t)(s >> 64);
  }
  reduce(&sum, carry);
  return sum;
}

/// Both below n.
static scalar minus(const scalar *left, const scalar *right) {
  scalar difference;
  uint64_t mask = 0 - subtract(&difference, left, right);
  uint64_t carry = 0;
  for (int i = 0; i < 4; i++) {
    wide s = (wide)difference.limb[i] + (order.limb[i] & mask) + carry;
    difference.limb[i] = (uint64_t)s;
    carry = (uint64_t)(s >> 64);
  }
  return difference;
}

/// left * right / 2^256 mod n (Montgomery). One of them below n.
static scalar montgomery(const scalar *left, const scalar *right) {
  uint64_t t[6] = {0};
  for (int i = 0; i < 4; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < 4; j++) {
      wide s = (wide)left->limb[j] * right->limb[i] + t[j] + carry;
      t[j] = (uint64_t)s;
      carry = (uint64_t)(s >> 64);
    }
    wide top = (wide)t[4] + carry;
    t[4] = (uint64_t)top;
    t[5] = (uint64_t)(top >> 64);
    uint64_t factor = t[0] * order_negated_inverse;
    wide s = (wide)factor * order.limb[0] + t[0];
    carry = (uint64_t)(s >> 64);
    for (int j = 1; j < 4; j++) {
      s = (wide)factor * order.limb[j] + t[j] + carry;
      t[j - 1] = (uint64_t)s;
      carry = (uint64_t)(s >> 64);
    }
    top = (wide)t[4] + carry;
    t[3] = (uint64_t)top;
    t[4] = t[5] + (uint64_t)(top >> 64);
  }
  scalar product = {{t[0], t[1], t[2], t[3]}};
  reduce(&product, t[4]);
  return product;
}

static scalar times(const scalar *left, const scalar *right) {
  scalar turned = montgomery(left, &squared_radix);
  return montgomery(&turned, right);
}

int guomi_sm2_is_scalar(const uint8_t *k) {
  scalar value = load(k);
  int answer = (int)(is_below_order(&value) & (1 ^ is_zero(&value)));
  guomi_wipe(&value, sizeof value);
  return answer;
}

int guomi_sm2_is_private(const uint8_t *d) {
  const scalar one = {{1, 0, 0, 0}};
  scalar value = load(d);
  uint64_t is_below = is_below_order(&value);
  reduce(&value, 0);
  scalar next = plus(&value, &one);
  // 1 + d = n is zero here.
  int answer = (int)(is_below & (1 ^ is_zero(&value)) & (1 ^ is_zero(&next)));
  guomi_wipe(&value, sizeof value);
  guomi_wipe(&next, sizeof next);
  return answer;
}

int guomi_sm2_sum(const uint8_t *left, const uint8_t *right, uint8_t *sum) {
  scalar a = load(left), b = load(right);
  if (!(is_below_order(&a) & is_below_order(&b))) return GUOMI_SM2_REFUSED;
  scalar value = plus(&a, &b);
  store(sum, &value);
  return is_zero(&value) ? GUOMI_SM2_REFUSED : GUOMI_SM2_DONE;
}

int guomi_sm2_inverse(const uint8_t *d, uint8_t *inverse) {
  if (!guomi_sm2_is_private(d)) return GUOMI_SM2_REFUSED;
  const scalar one = {{1, 0, 0, 0}};
  scalar value = load(d);
  value = plus(&value, &one);
  scalar base = montgomery(&value, &squared_radix);
  scalar power = montgomery(&one, &squared_radix);
  // Fermat; the exponent is no secret.
  for (int i = 255; i >= 0; i--) {
    power = montgomery(&power, &power);
    if (exponent.limb[i / 64] >> (i % 64) & 1) power = montgomery(&power, &base);
  }
  value = montgomery(&power, &one);
  store(inverse, &value);
  guomi_wipe(&value, sizeof value);
  guomi_wipe(&base, sizeof base);
  guomi_wipe(&power, sizeof power);
  return GUOMI_SM2_DONE;
}

int guomi_sm2_sign(
    const uint8_t *inverse, const uint8_t *k, const uint8_t *x, const uint8_t *e, uint8_t *r, uint8_t *s) {
  if (!guomi_sm2_is_scalar(k)) return GUOMI_SM2_REFUSED;
  scalar hash = load(e), first = load(x), nonce = load(k), inverted = load(inverse);
  reduce(&hash, 0);
  reduce(&first, 0);
  scalar r_value = plus(&hash, &first);
  scalar both = plus(&nonce, &r_value);
  scalar product = times(&inverted, &both);
  scalar s_value = minus(&product, &r_value);
  uint64_t is_bad = is_zero(&r_value) | is_zero(&both) | is_zero(&s_value);
  store(r, &r_value);
  store(s, &s_value);
  guomi_wipe(&nonce, sizeof nonce);
  guomi_wipe(&inverted, sizeof inverted);
  guomi_wipe(&both, sizeof both);
  guomi_wipe(&product, sizeof product);
  return is_bad ? GUOMI_SM2_REFUSED : GUOMI_SM2_DONE;
}

int guomi_sm2_matches(const uint8_t *e, const uint8_t *x, const uint8_t *r) {
  scalar hash = load(e), first = load(x), expected = load(r);
  reduce(&hash, 0);
  reduce(&first, 0);
  scalar sum = plus(&hash, &first);
  scalar difference;
  subtract(&difference, &sum, &expected);
  return (int)is_zero(&difference);
}

int guomi_sm2_exchange_scalar(const uint8_t *d, const uint8_t *r, const uint8_t *x, uint8_t *t) {
  if (!guomi_sm2_is_private(d) || !guomi_sm2_is_scalar(r)) return GUOMI_SM2_REFUSED;
  // x̄ = 2^127 + (x mod 2^127).
  scalar bar = load(x);
  bar.limb[1] |= 0x8000000000000000;
  bar.limb[2] = 0;
  bar.limb[3] = 0;
  scalar key = load(d), fresh = load(r);
  scalar product = times(&bar, &fresh);
  scalar sum = plus(&key, &product);
  store(t, &sum);
  uint64_t is_null = is_zero(&sum);
  guomi_wipe(&key, sizeof key);
  guomi_wipe(&fresh, sizeof fresh);
  guomi_wipe(&product, sizeof product);
  guomi_wipe(&sum, sizeof sum);
  return is_null ? GUOMI_SM2_REFUSED : GUOMI_SM2_DONE;
}
