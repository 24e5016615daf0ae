// Points of the SM2 curve through libcrypto. EC_POINT_mul with one scalar and one point takes a ladder in constant
// time; with two scalars it does not, and only public values go there.

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <string.h>

#include "guomi_memory.h"
#include "guomi_sm2.h"

static EC_GROUP *curve;
static EVP_MD *sm3;

static void prepare(void) {
  curve = EC_GROUP_new_by_curve_name(NID_sm2);
  sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
}

static const EC_GROUP *group(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (pthread_once(&once, prepare) != 0) return NULL;
  return curve;
}

/// What one call needs of libcrypto; made and freed together.
typedef struct {
  const EC_GROUP *group;
  BN_CTX *context;
  BIGNUM *x, *y, *first, *second;
  EC_POINT *point, *other, *result;
} work;

static int begin(work *w) {
  memset(w, 0, sizeof *w);
  ERR_set_mark();
  w->group = group();
  if (w->group == NULL) return 0;
  w->context = BN_CTX_new();
  w->x = BN_new();
  w->y = BN_new();
  w->first = BN_new();
  w->second = BN_new();
  w->point = EC_POINT_new(w->group);
  w->other = EC_POINT_new(w->group);
  w->result = EC_POINT_new(w->group);
  return w->context != NULL && w->x != NULL && w->y != NULL && w->first != NULL && w->second != NULL &&
      w->point != NULL && w->other != NULL && w->result != NULL;
}

/// Frees all, takes back the errors of this call, and hands on its outcome.
static int end(work *w, int outcome) {
  EC_POINT_clear_free(w->result);
  EC_POINT_clear_free(w->other);
  EC_POINT_clear_free(w->point);
  BN_clear_free(w->second);
  BN_clear_free(w->first);
  BN_clear_free(w->y);
  BN_clear_free(w->x);
  BN_CTX_free(w->context);
  ERR_pop_to_mark();
  return outcome;
}

static const uint8_t field[32] = {
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/// Takes coordinates of the curve only: a coordinate of p or more would be reduced silently.
static int set(work *w, EC_POINT *point, const uint8_t bytes[64]) {
  if (memcmp(bytes, field, 32) >= 0 || memcmp(bytes + 32, field, 32) >= 0) return GUOMI_SM2_REFUSED;
  if (BN_bin2bn(bytes, 32, w->x) == NULL || BN_bin2bn(bytes + 32, 32, w->y) == NULL) return GUOMI_SM2_FAILED;
  if (EC_POINT_set_affine_coordinates(w->group, point, w->x, w->y, w->context) != 1) return GUOMI_SM2_REFUSED;
  return EC_POINT_is_on_curve(w->group, point, w->context) == 1 ? GUOMI_SM2_DONE : GUOMI_SM2_REFUSED;
}

static int get(work *w, const EC_POINT *point, uint8_t bytes[64]) {
  if (EC_POINT_is_at_infinity(w->group, point)) return GUOMI_SM2_REFUSED;
  if (EC_POINT_get_affine_coordinates(w->group, point, w->x, w->y, w->context) != 1) return GUOMI_SM2_FAILED;
  if (BN_bn2binpad(w->x, bytes, 32) != 32 || BN_bn2binpad(w->y, bytes + 32, 32) != 32) return GUOMI_SM2_FAILED;
  return GUOMI_SM2_DONE;
}

static int set_scalar(BIGNUM *number, const uint8_t bytes[32]) {
  BN_set_flags(number, BN_FLG_CONSTTIME);
  return BN_bin2bn(bytes, 32, number) != NULL ? GUOMI_SM2_DONE : GUOMI_SM2_FAILED;
}

int guomi_sm2_is_point(const uint8_t *point) {
  work w;
  if (!begin(&w)) return end(&w, GUOMI_SM2_FAILED);
  return end(&w, set(&w, w.point, point));
}

int guomi_sm2_decompress(const uint8_t *x, int y_is_odd, uint8_t *point) {
  work w;
  if (memcmp(x, field, 32) >= 0) return GUOMI_SM2_REFUSED;
  if (!begin(&w) || BN_bin2bn(x, 32, w.x) == NULL) return end(&w, GUOMI_SM2_FAILED);
  if (EC_POINT_set_compressed_coordinates(w.group, w.point, w.x, y_is_odd != 0, w.context) != 1) {
    return end(&w, GUOMI_SM2_REFUSED);
  }
  return end(&w, get(&w, w.point, point));
}

int guomi_sm2_multiply_base(const uint8_t *k, uint8_t *product) {
  work w;
  if (!guomi_sm2_is_scalar(k)) return GUOMI_SM2_REFUSED;
  if (!begin(&w) || set_scalar(w.first, k) != GUOMI_SM2_DONE) return end(&w, GUOMI_SM2_FAILED);
  if (EC_POINT_mul(w.group, w.result, w.first, NULL, NULL, w.context) != 1) return end(&w, GUOMI_SM2_FAILED);
  return end(&w, get(&w, w.result, product));
}

int guomi_sm2_multiply(const uint8_t *k, const uint8_t *point, uint8_t *product) {
  work w;
  if (!guomi_sm2_is_scalar(k)) return GUOMI_SM2_REFUSED;
  if (!begin(&w) || set_scalar(w.first, k) != GUOMI_SM2_DONE) return end(&w, GUOMI_SM2_FAILED);
  int outcome = set(&w, w.point, point);
  if (outcome != GUOMI_SM2_DONE) return end(&w, outcome);
  if (EC_POINT_mul(w.group, w.result, NULL, w.point, w.first, w.context) != 1) return end(&w, GUOMI_SM2_FAILED);
  return end(&w, get(&w, w.result, product));
}

int guomi_sm2_combine(const uint8_t *s, const uint8_t *t, const uint8_t *point, uint8_t *sum) {
  work w;
  if (!guomi_sm2_is_scalar(s) || !guomi_sm2_is_scalar(t)) return GUOMI_SM2_REFUSED;
  if (!begin(&w) || BN_bin2bn(s, 32, w.first) == NULL || BN_bin2bn(t, 32, w.second) == NULL) {
    return end(&w, GUOMI_SM2_FAILED);
  }
  int outcome = set(&w, w.point, point);
  if (outcome != GUOMI_SM2_DONE) return end(&w, outcome);
  if (EC_POINT_mul(w.group, w.result, w.first, w.point, w.second, w.context) != 1) return end(&w, GUOMI_SM2_FAILED);
  return end(&w, get(&w, w.result, sum));
}

int guomi_sm2_exchange_point(const uint8_t *t, const uint8_t *p, const uint8_t *r, uint8_t *shared) {
  work w;
  if (!guomi_sm2_is_scalar(t)) return GUOMI_SM2_REFUSED;
  if (!begin(&w) || set_scalar(w.first, t) != GUOMI_SM2_DONE) return end(&w, GUOMI_SM2_FAILED);
  int outcome = set(&w, w.point, p);
  if (outcome == GUOMI_SM2_DONE) outcome = set(&w, w.other, r);
  if (outcome != GUOMI_SM2_DONE) return end(&w, outcome);
  // x̄ = 2^127 + (x mod 2^127).
  uint8_t bar[16];
  memcpy(bar, r + 16, sizeof bar);
  bar[0] |= 0x80;
  if (BN_bin2bn(bar, sizeof bar, w.second) == NULL ||
      EC_POINT_mul(w.group, w.result, NULL, w.other, w.second, w.context) != 1 ||
      EC_POINT_add(w.group, w.other, w.point, w.result, w.context) != 1) {
    return end(&w, GUOMI_SM2_FAILED);
  }
  if (EC_POINT_is_at_infinity(w.group, w.other)) return end(&w, GUOMI_SM2_REFUSED);
  if (EC_POINT_mul(w.group, w.result, NULL, w.other, w.first, w.context) != 1) return end(&w, GUOMI_SM2_FAILED);
  return end(&w, get(&w, w.result, shared));
}

int guomi_openssl_sm3(const void *bytes, uint64_t count, uint8_t *digest) {
  unsigned written = 0;
  ERR_set_mark();
  int is_done = group() != NULL && sm3 != NULL && EVP_Digest(bytes, count, digest, &written, sm3, NULL) == 1;
  ERR_pop_to_mark();
  return is_done && written == 32 ? GUOMI_SM2_DONE : GUOMI_SM2_FAILED;
}
