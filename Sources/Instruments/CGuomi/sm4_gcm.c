// GCM (GB/T 36624, NIST SP 800-38D) with nonces of 12 bytes and tags of 16.

#include <string.h>

#include "sm4_paths.h"

int guomi_sm4_gcm_init(guomi_sm4_gcm *key, const uint8_t *bytes, guomi_sm4_path path) {
  if (guomi_sm4_init(&key->cipher, bytes, path) != 0) return -1;
  uint8_t hash_key[16] = {0};
  sm4_block(&key->cipher, hash_key, hash_key);
  ghash_init(&key->hash, hash_key, path);
  guomi_wipe(hash_key, sizeof hash_key);
  return 0;
}

// Bytes into the hash, the last block filled up with zeros.
static void absorb(const guomi_ghash *hash, uint8_t state[16], const uint8_t *bytes, size_t count) {
  const size_t blocks = count / 16, rest = count % 16;
  if (blocks > 0) ghash_update(hash, state, bytes, blocks);
  if (rest == 0) return;
  uint8_t last[16] = {0};
  memcpy(last, bytes + 16 * blocks, rest);
  ghash_update(hash, state, last, 1);
}

// The key stream block that will seal the tag. It is asked for first, so that the processor works on it beside the
// hash, which does not need it.
static void first_stream(const guomi_sm4_gcm *key, uint8_t counter[16], const uint8_t *nonce, uint8_t stream[16]) {
  memcpy(counter, nonce, GUOMI_SM4_NONCE_BYTES);
  sm4_store(counter + 12, 1);
  sm4_block(&key->cipher, counter, stream);
}

// The hash of what has been absorbed and of both lengths, sealed.
static void finish(
    const guomi_sm4_gcm *key, uint8_t stream[16], uint8_t state[16], uint64_t aad_count, uint64_t count,
    uint8_t tag[16]) {
  uint8_t lengths[16];
  sm4_store(lengths, (uint32_t)(aad_count >> 29));
  sm4_store(lengths + 4, (uint32_t)(aad_count << 3));
  sm4_store(lengths + 8, (uint32_t)(count >> 29));
  sm4_store(lengths + 12, (uint32_t)(count << 3));
  ghash_update(&key->hash, state, lengths, 1);
  for (int i = 0; i < 16; i++) tag[i] = state[i] ^ stream[i];
  guomi_wipe(state, 16);
  guomi_wipe(stream, 16);
}

// Bytes that are encrypted and hashed while they are in the nearest cache.
enum { PART = 4096 };

void guomi_sm4_gcm_seal(
    const guomi_sm4_gcm *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_count, const uint8_t *in,
    size_t count, uint8_t *out, uint8_t *tag) {
  uint8_t counter[16], stream[16], state[16] = {0};
  first_stream(key, counter, nonce, stream);
  absorb(&key->hash, state, aad, aad_count);
  uint32_t number = 2;
  for (size_t done = 0; done < count;) {
    const size_t part = count - done < PART ? count - done : PART;
    sm4_store(counter + 12, number);
    sm4_ctr32(&key->cipher, counter, in + done, out + done, part);
    absorb(&key->hash, state, out + done, part);
    number += PART / 16;
    done += part;
  }
  finish(key, stream, state, aad_count, count, tag);
}

int guomi_sm4_gcm_open(
    const guomi_sm4_gcm *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_count, const uint8_t *in,
    size_t count, uint8_t *out, const uint8_t *tag) {
  uint8_t counter[16], stream[16], state[16] = {0}, expected[16];
  first_stream(key, counter, nonce, stream);
  absorb(&key->hash, state, aad, aad_count);
  absorb(&key->hash, state, in, count);
  finish(key, stream, state, aad_count, count, expected);
  const int is_right = guomi_equal(expected, tag, GUOMI_SM4_TAG_BYTES);
  guomi_wipe(expected, sizeof expected);
  if (!is_right) return 0;
  sm4_store(counter + 12, 2);
  sm4_ctr32(&key->cipher, counter, in, out, count);
  return 1;
}
