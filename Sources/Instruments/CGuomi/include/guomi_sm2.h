// The arithmetic under SM2: scalars modulo the order n, by this package in constant time; points of the curve
// (GB/T 32918.5-2017, OID 1.2.156.10197.1.301), by the system's libcrypto.
//
// Scalars and coordinates are 32 bytes, big-endian; a point is x ‖ y, 64 bytes. Nothing here takes randomness, keeps
// state or allocates beyond its call.

#ifndef GUOMI_SM2_H
#define GUOMI_SM2_H

#include <stdint.h>

/// What a function of this header answers.
enum guomi_sm2_outcome {
  /// libcrypto failed: no memory, no such curve.
  GUOMI_SM2_FAILED = -1,
  /// An input or the result is outside what SM2 allows.
  GUOMI_SM2_REFUSED = 0,
  GUOMI_SM2_DONE = 1,
};

/// Whether 1 <= k <= n - 1.
int guomi_sm2_is_scalar(const uint8_t *_Nonnull k);
/// Whether 1 <= d <= n - 2, the range of private keys.
int guomi_sm2_is_private(const uint8_t *_Nonnull d);
/// (left + right) mod n; refused when it is 0 or an input is not below n.
int guomi_sm2_sum(const uint8_t *_Nonnull left, const uint8_t *_Nonnull right, uint8_t *_Nonnull sum);
/// (1 + d)^-1 mod n.
int guomi_sm2_inverse(const uint8_t *_Nonnull d, uint8_t *_Nonnull inverse);
/// The scalar half of a signature: r = e + x mod n, s = (1 + d)^-1 (k + r) - r. Refused where the standard draws again.
///
/// - inverse: of `guomi_sm2_inverse`; x: first coordinate of kG.
int guomi_sm2_sign(
    const uint8_t *_Nonnull inverse, const uint8_t *_Nonnull k, const uint8_t *_Nonnull x, const uint8_t *_Nonnull e,
    uint8_t *_Nonnull r, uint8_t *_Nonnull s);
/// Whether (e + x) mod n = r.
int guomi_sm2_matches(const uint8_t *_Nonnull e, const uint8_t *_Nonnull x, const uint8_t *_Nonnull r);
/// d + x̄·r mod n, the secret of GB/T 32918.3; x̄ is derived from the first coordinate x.
int guomi_sm2_exchange_scalar(
    const uint8_t *_Nonnull d, const uint8_t *_Nonnull r, const uint8_t *_Nonnull x, uint8_t *_Nonnull t);

/// Whether both coordinates are below p and the point is on the curve; infinity has no such form.
int guomi_sm2_is_point(const uint8_t *_Nonnull point);
/// The point with this x whose y is odd or not.
int guomi_sm2_decompress(const uint8_t *_Nonnull x, int y_is_odd, uint8_t *_Nonnull point);
/// kG, in constant time.
int guomi_sm2_multiply_base(const uint8_t *_Nonnull k, uint8_t *_Nonnull product);
/// kP, in constant time.
int guomi_sm2_multiply(
    const uint8_t *_Nonnull k, const uint8_t *_Nonnull point, uint8_t *_Nonnull product);
/// sG + tP of public values.
int guomi_sm2_combine(
    const uint8_t *_Nonnull s, const uint8_t *_Nonnull t, const uint8_t *_Nonnull point, uint8_t *_Nonnull sum);
/// t(P + x̄R), where x̄ is derived from R; the sum is of public values, the product in constant time.
int guomi_sm2_exchange_point(
    const uint8_t *_Nonnull t, const uint8_t *_Nonnull p, const uint8_t *_Nonnull r, uint8_t *_Nonnull shared);

/// SM3 of the system's libcrypto: what our own is compared with. DONE or FAILED.
int guomi_openssl_sm3(const void *_Nullable bytes, uint64_t count, uint8_t *_Nonnull digest);

#endif
