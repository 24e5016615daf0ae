// SM4 on bytes that valgrind takes for unknown: it reports every branch and every address that depends on one.
//
// usage: sm4 PATH [leak]; PATH is 0 (any processor) or 1 (AES-NI); valgrind does not know AVX-512. With `leak` there is
// a branch on the ciphertext, which must be reported.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "guomi_sm4.h"

enum { COUNT = 1100, AAD = 20, MISSING = 3 };

int main(int count, char **arguments) {
  const guomi_sm4_path path = (guomi_sm4_path)(count > 1 ? atoi(arguments[1]) : 0);
  if (!guomi_sm4_supports(path)) return MISSING;
  uint8_t key[16], text[COUNT], out[COUNT], back[COUNT], tag[16], aad[AAD], nonce[16] = {9};
  memset(key, 1, sizeof key);
  memset(text, 2, sizeof text);
  memset(aad, 3, sizeof aad);
  VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
  VALGRIND_MAKE_MEM_UNDEFINED(text, sizeof text);
  VALGRIND_MAKE_MEM_UNDEFINED(aad, sizeof aad);

  guomi_sm4 cipher;
  guomi_sm4_gcm gcm;
  if (guomi_sm4_init(&cipher, key, path) != 0 || guomi_sm4_gcm_init(&gcm, key, path) != 0) return 1;
  guomi_sm4_ctr(&cipher, nonce, text, out, COUNT);
  guomi_sm4_cbc_encrypt(&cipher, nonce, text, out, COUNT / 16);
  guomi_sm4_cbc_decrypt(&cipher, nonce, out, back, COUNT / 16);
  guomi_sm4_ccm_seal(&cipher, nonce, aad, AAD, text, COUNT, out, tag);
  guomi_sm4_gcm_seal(&gcm, nonce, aad, AAD, text, COUNT, out, tag);

  // Whether a tag is right is no secret; how the comparison found out is.
  int is_equal = guomi_equal(tag, text, sizeof tag);
  VALGRIND_MAKE_MEM_DEFINED(&is_equal, sizeof is_equal);
  if (is_equal) return 1;
  if (count > 2 && out[0] == 7) puts("a branch on the ciphertext");
  return 0;
}
