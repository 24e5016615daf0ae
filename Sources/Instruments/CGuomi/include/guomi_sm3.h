// SM3, HMAC-SM3 and what is derived with them.

#ifndef GUOMI_SM3_H
#define GUOMI_SM3_H

#include <stddef.h>
#include <stdint.h>

/// A hash under way. A plain value: copying it forks the hash.
typedef struct {
  uint32_t chain[8];
  uint64_t byte_count;
  uint8_t pending[64];
} guomi_sm3_state;

/// A key of HMAC-SM3, reduced to the two chaining values that every message starts from. A secret.
typedef struct {
  uint32_t inner[8];
  uint32_t outer[8];
} guomi_hmac_key;

/// The state of Hash-DRBG (SP 800-90A, 10.1.1) with SM3: seed length 440 bits. A secret.
typedef struct {
  uint8_t value[55];
  uint8_t constant[55];
  uint64_t reseed_counter;
} guomi_drbg_state;

void guomi_sm3_start(guomi_sm3_state *_Nonnull state);
void guomi_sm3_update(guomi_sm3_state *_Nonnull state, const void *_Nullable bytes, size_t count);
/// Writes 32 bytes and wipes the state.
void guomi_sm3_finish(guomi_sm3_state *_Nonnull state, uint8_t *_Nonnull digest);
/// All at once.
void guomi_sm3(const void *_Nullable bytes, size_t count, uint8_t *_Nonnull digest);

/// How many ways of computing SM3 this build has; 0 is portable C.
int guomi_sm3_path_count(void);
const char *_Nonnull guomi_sm3_path_name(int path);
/// Whether this processor can take a path.
int guomi_sm3_path_works(int path);
/// The path that is taken.
int guomi_sm3_path(void);
/// Compresses whole blocks on a path that works: for tests, which compare the paths.
void guomi_sm3_compress_on(int path, uint32_t *_Nonnull chain, const uint8_t *_Nonnull blocks, size_t block_count);

void guomi_hmac_key_make(guomi_hmac_key *_Nonnull key, const void *_Nullable bytes, size_t count);
void guomi_hmac_start(const guomi_hmac_key *_Nonnull key, guomi_sm3_state *_Nonnull state);
/// Writes 32 bytes and wipes the state.
void guomi_hmac_finish(const guomi_hmac_key *_Nonnull key, guomi_sm3_state *_Nonnull state, uint8_t *_Nonnull tag);

/// SP 800-108 in counter mode: HMAC-SM3(key, i32 ‖ label ‖ 00 ‖ context ‖ L32), L in bits.
void guomi_kbkdf(
    const guomi_hmac_key *_Nonnull key, const void *_Nullable label, size_t label_count,
    const void *_Nullable context, size_t context_count, uint8_t *_Nullable out, uint32_t out_count);
/// RFC 5869, second step. At most 255 * 32 bytes.
void guomi_hkdf_expand(
    const guomi_hmac_key *_Nonnull key, const void *_Nullable info, size_t info_count, uint8_t *_Nullable out,
    size_t out_count);
/// The key derivation of GB/T 32918 (X9.63 with SM3): SM3(secret ‖ i32) …, from i = 1.
void guomi_x963(const void *_Nullable secret, size_t secret_count, uint8_t *_Nullable out, size_t out_count);

/// Hash_df over up to four parts, then the state of a fresh or reseeded generator.
void guomi_drbg_seed(
    guomi_drbg_state *_Nonnull state, int is_reseed, const void *_Nullable entropy, size_t entropy_count,
    const void *_Nullable extra, size_t extra_count);
/// Bytes of one request; at most 65,536. The counter goes up by one.
void guomi_drbg_generate(
    guomi_drbg_state *_Nonnull state, const void *_Nullable extra, size_t extra_count, uint8_t *_Nullable out,
    size_t out_count);

#endif
