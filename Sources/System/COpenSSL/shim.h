#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

// The library has no newer way to make one generator serve all it computes than this one, which it calls old.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

static inline int openssl_random_is_well(void) { return 1; }

/// Makes one function the source of all random numbers of the library, in the whole process.
///
/// - fill: answers 1, or 0 when there are none.
static inline int openssl_use_random(int (*fill)(unsigned char *bytes, int count)) {
  static RAND_METHOD method;
  method.bytes = fill;
  method.pseudorand = fill;
  method.status = openssl_random_is_well;
  return RAND_set_rand_method(&method);
}

#pragma clang diagnostic pop
