// SM4 (GB/T 32907-2016) and its modes, without an address or a branch that depends on a key or on data.
//
// One key works on one of three paths; all give the same bytes. Input and output may be the same memory, but may not
// overlap otherwise. Lengths are bytes unless they say blocks. The callers in Swift check keys, nonces and limits.

#ifndef GUOMI_SM4_H
#define GUOMI_SM4_H

#include <stddef.h>
#include <stdint.h>

#include "guomi_memory.h"

#define GUOMI_SM4_BLOCK_BYTES 16
#define GUOMI_SM4_TAG_BYTES 16
#define GUOMI_SM4_NONCE_BYTES 12

/// How a key does its work.
typedef enum guomi_sm4_path {
  /// Any processor: bit planes in 64-bit registers.
  GUOMI_SM4_SCALAR = 0,
  /// AES-NI, AVX2, PCLMULQDQ.
  GUOMI_SM4_AESNI = 1,
  /// GFNI, AVX-512, VPCLMULQDQ.
  GUOMI_SM4_GFNI = 2,
} guomi_sm4_path;

/// An expanded key.
typedef struct guomi_sm4 {
  /// Round keys as the path wants them, and the same in reverse.
  uint32_t encrypt[32];
  uint32_t decrypt[32];
  guomi_sm4_path path;
} guomi_sm4;

/// Powers of the hash key, as the path wants them.
typedef struct guomi_ghash {
  uint64_t powers[32];
  guomi_sm4_path path;
} guomi_ghash;

/// A key for GCM.
typedef struct guomi_sm4_gcm {
  guomi_sm4 cipher;
  guomi_ghash hash;
} guomi_sm4_gcm;

/// Whether this processor and operating system can take the path: 1 or 0.
int guomi_sm4_supports(guomi_sm4_path path);

/// The fastest path of this machine.
guomi_sm4_path guomi_sm4_best(void);

/// Expands a key of 16 bytes.
///
/// - Returns: 0; -1 when the machine can not take the path, the key is then unusable.
int guomi_sm4_init(guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull bytes, guomi_sm4_path path);

/// Whole blocks, each by itself. The building block of modes, not one itself.
void guomi_sm4_encrypt_blocks(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nullable in, uint8_t *_Nullable out, size_t blocks);
void guomi_sm4_decrypt_blocks(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nullable in, uint8_t *_Nullable out, size_t blocks);

/// Counter mode; the counter is all 16 bytes, big-endian, and wraps.
void guomi_sm4_ctr(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull counter, const uint8_t *_Nullable in,
    uint8_t *_Nullable out, size_t count);

/// Cipher block chaining of whole blocks, without padding.
void guomi_sm4_cbc_encrypt(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull vector, const uint8_t *_Nullable in,
    uint8_t *_Nullable out, size_t blocks);
void guomi_sm4_cbc_decrypt(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull vector, const uint8_t *_Nullable in,
    uint8_t *_Nullable out, size_t blocks);

/// Expands a key of 16 bytes for GCM; answers as `guomi_sm4_init`.
int guomi_sm4_gcm_init(guomi_sm4_gcm *_Nonnull key, const uint8_t *_Nonnull bytes, guomi_sm4_path path);

/// GCM with a nonce of 12 bytes and a tag of 16; at most 2^36 - 32 bytes.
void guomi_sm4_gcm_seal(
    const guomi_sm4_gcm *_Nonnull key, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    const uint8_t *_Nullable in, size_t count, uint8_t *_Nullable out, uint8_t *_Nonnull tag);

/// - Returns: 1; 0 when the tag is wrong, and then nothing has been decrypted or written.
int guomi_sm4_gcm_open(
    const guomi_sm4_gcm *_Nonnull key, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    const uint8_t *_Nullable in, size_t count, uint8_t *_Nullable out, const uint8_t *_Nonnull tag);

/// CCM with a nonce of 12 bytes (so a length of 3), a tag of 16; less than 2^24 bytes, AAD less than 2^32.
void guomi_sm4_ccm_seal(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    const uint8_t *_Nullable in, size_t count, uint8_t *_Nullable out, uint8_t *_Nonnull tag);

/// - Returns: 1; 0 when the tag is wrong, and then `out` holds zeros. CCM has to decrypt before it can check.
int guomi_sm4_ccm_open(
    const guomi_sm4 *_Nonnull key, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    const uint8_t *_Nullable in, size_t count, uint8_t *_Nullable out, const uint8_t *_Nonnull tag);

#endif
